"""From a wrong answer to its cause.

`steps` judges algebra steps by what was learnt from labelled ones; `answers` searches faulty rules that give a wrong
number; `patterns` weighs what a pupil's wrong answers mean together. A teacher's corrections train the first two.
"""
