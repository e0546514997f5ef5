"""
Floor 5: what a learner does, judged and kept. Exercises (:mod:`~energychain.course.exercises`)
know wrong answers apart; a journal (:mod:`~energychain.course.journal`) keeps what was answered
in one local file; a record (:mod:`~energychain.course.record`) is that journal on a small chain
of the learner's own, which an instructor can verify.
"""
