"""The pages here are run as examples; what makes a site of them needs Sphinx, and is not."""

collect_ignore = ["build.py", "conf.py", "_ext"]
