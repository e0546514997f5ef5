"""Mutation tests of the lessons: change a constant that matters, and a lesson must notice."""
