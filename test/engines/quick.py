"""Runs a script on Beam without looking anew at each function's state for every bundle, which takes most of the time.

Beam inspects a function's whole class each time it sets one up, three times for every bundle of every step. The answer
depends on the class alone and is remembered here; nothing else is different from running the script by itself.
"""
import runpy
import sys

from apache_beam.runners.direct import transform_evaluator
from apache_beam.transforms import userstate

inspect = userstate.get_dofn_specs
known = {}


def remembered(dofn):
    kind = type(dofn)
    if kind not in known:
        known[kind] = inspect(dofn)
    return known[kind]


for module in list(sys.modules.values()):
    if getattr(module, "get_dofn_specs", None) is inspect:
        module.get_dofn_specs = remembered

sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
