"""From values to the bytes of a PDF: content, layout, letters of all scripts, painting. Nothing is looked up.

Imports the ground alone.
"""
