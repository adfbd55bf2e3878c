"""From a wrong answer to its cause.

`steps` judges algebra steps by what was learnt from labelled ones; `answers` searches faulty rules that give a wrong
number; `working` finds the first line of a worked solution that does not follow, and the faulty `moves` that lead to
it; `patterns` weighs what a pupil's wrong answers mean together. A teacher's corrections train all but the last.
"""
