"""`yincai measure tracing`: score tracing models on a log of answers, by folds of learners or on a test file.

The leakage audit runs with every model: a prediction that moves when only later answers are changed ends the run.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from yincai.records.readers import Unreadable, logs

HELP = "知识追踪：按学生分组检验各模型预测下一次作答的准确与校准"
MODELS = ("bkt", "pfa", "logistic", "boosting", "default")
FINDING = 1
NAMES = {
    "auc": "AUC",
    "auc_audited": "AUC（去重复）",
    "accuracy": "正确率",
    "rmse": "RMSE",
    "log_loss": "对数损失",
    "ece": "校准误差",
    "cpu_seconds_fit": "拟合 CPU 秒",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--responses", type=Path, required=True, metavar="文件", help="csv 或三行格式的作答记录")
    parser.add_argument("--model", choices=(*MODELS, "all"), default="all", help="模型，默认全部")
    parser.add_argument("--train", type=Path, metavar="文件", help="在此文件上拟合；不给则按学生分五组互相检验")
    parser.add_argument("--skills", type=Path, metavar="文件", help="Q 矩阵（仅三行格式）：每题一行，0-1，可有表头")
    parser.add_argument("--seed", type=int, default=0, help="分组的随机种子，默认 0")
    parser.add_argument("--json", action="store_true", help="输出 JSON")


def run(asked: argparse.Namespace) -> int:
    from yincai.cli.measure import write_json
    from yincai.measurement.tracing.evaluate import ReadsTheFuture, evaluate

    log, train = _logs([asked.responses, asked.train], asked.skills)
    if train is None and log.learners < 2:
        raise Unreadable(f"{asked.responses.name}：只有一名学生，不能分组互相检验。请用 --train 另给一份拟合用的记录。")
    names = MODELS if asked.model == "all" else (asked.model,)
    fits = {name: importlib.import_module(f"yincai.measurement.tracing.{name}").fit for name in names}
    _warm(fits)
    try:
        reports = evaluate(log, fits, time.process_time, train, asked.seed)
    except ReadsTheFuture as leak:
        sys.stderr.write(f"特征读到了将来的作答，结果作废：{leak}\n")
        return FINDING
    except ValueError as problem:
        raise Unreadable(f"{asked.responses.name}：{problem}") from problem
    models = {name: asdict(report) for name, report in reports.items()}
    if asked.json:
        write_json({"models": models})
    else:
        _write(models)
    return 0


def _logs(paths: list[Path | None], skills: Path | None) -> list[Any]:
    """The log of each path, None where there is none."""
    from yincai.measurement.tracing.log import Log

    read = iter(logs.read_all([path for path in paths if path is not None], skills))
    found = [None if path is None else next(read) for path in paths]
    return [one and Log.of(one.learner, one.item, one.correct, one.skill, one.time, one.duration) for one in found]


def _warm(fits: dict[str, Any]) -> None:
    """Compile before the clock runs: fit and predict a handful of made-up answers."""
    from yincai.measurement.tracing.boosting import MissingExtra
    from yincai.measurement.tracing.log import Log

    few = Log.of([n // 8 for n in range(320)], [n % 5 for n in range(320)], [float(n % 3 > 0) for n in range(320)])
    for fit in fits.values():
        try:
            fit(few).predict_log(few)
        except MissingExtra as missing:
            raise Unreadable(
                "boosting 需要 scikit-learn：pip install 'yincai[boosting]'，或用 --model 选别的模型。"
            ) from missing


def _write(models: dict[str, dict[str, Any]]) -> None:
    for name, report in models.items():
        sys.stdout.write(f"{name}  {report['n_scored']} 行\n")
        for key, label in NAMES.items():
            value = report[key]
            sys.stdout.write(f"  {label} {'—' if value is None else format(value, '.4f')}\n")
