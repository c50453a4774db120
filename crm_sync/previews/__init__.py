"""What would happen: the real functions, rolled back.

`rehearsal` plays a page; `one_deal` is *Test on a deal*, `dry_run` the command's, `first_import` what a
person starts, `previewing` what mode Preview writes. Imports the holds and the rooms below them.
"""
