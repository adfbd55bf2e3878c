"""From a wrong answer to its likely cause: exact malrules first, then a search, then what a teacher said of it.

`words` names causes, `exercise` finds what there was to be worked out, `trained` is the model in use, `causes` brings
them together for a row of answers.
"""
