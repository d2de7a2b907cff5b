"""Unit tests of the rules: what each alert must do, by hand, in the language of promtool."""
