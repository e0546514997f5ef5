#!/usr/bin/env bash
# Binder's recipe, step by step, in a folder of its own: all but the image, which takes an engine.
set -euo pipefail
cd "$(dirname "$0")/.."
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
step() { printf '\n== %s\n' "$1"; }

# runtime.txt says which Python. Where this machine has another only, that is said.
version="$(sed 's/^python-//' binder/runtime.txt)"
python="python$version"
"$python" -c '' 2>/dev/null || python="${PYTHON:-python3}"
used="$("$python" -c 'import sys; print(*sys.version_info[:2], sep=".")')"
step "Binder runs Python $version; this check runs Python $used"
[ "$used" = "$version" ] || echo "to use $version, name it: make binder-check PYTHON=path/to/python$version"

step 'a copy of the project, and an environment from binder/requirements.txt'
mkdir "$folder/project"
git ls-files -z --cached --others --exclude-standard --deduplicate \
    | tar --create --file - --null --files-from - | tar --extract --file - --directory "$folder/project"
"$python" -m venv "$folder/kernel"
"$folder/kernel/bin/python" -m pip install -qq --disable-pip-version-check -r binder/requirements.txt
cd "$folder/project"

step 'binder/postBuild'
PATH="$folder/kernel/bin:$PATH" ./binder/postBuild
echo "the environment takes $(du -sh "$folder/kernel" | cut -f1)"

step 'the lessons, strictly compared with what is saved'
cd lessons
ENERGYCHAIN_PROGRESS=off "$folder/kernel/bin/python" -m pytest -q \
    -n auto --dist loadscope --nbval --nbval-current-env --nbval-cell-timeout=60 .
cd ..

step 'repo2docker --no-build'
"$python" -m venv "$folder/tool"
"$folder/tool/bin/python" -m pip install -qq --disable-pip-version-check \
    --require-hashes -r tests/repo2docker.txt
"$folder/tool/bin/jupyter-repo2docker" --no-build --debug . >"$folder/image.txt" 2>&1 \
    || { cat "$folder/image.txt"; exit 1; }
for part in "python=$version" '-r "binder/requirements.txt"' 'RUN ./binder/postBuild'; do
    grep -F -- "$part" "$folder/image.txt" || { echo "repo2docker does not say: $part"; exit 1; }
done

step 'everything but the image: that was not built'
