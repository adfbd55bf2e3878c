from django.apps import AppConfig


class EvaluationConfig(AppConfig):
    name = "yincai.evaluation"
    verbose_name = "学生评价"

    def ready(self) -> None:
        from yincai.core.navigation import Entry, register_navigation
        from yincai.evaluation import imports  # noqa: F401 - registers the kind
        from yincai.evaluation.actions.follow_move import follow_move
        from yincai.evaluation.model_cards import register_models
        from yincai.evaluation.policies import APPEALS_SEE, BUREAUS, GROWTH_SEE, MONITORING_SEE
        from yincai.evaluation.queries import appeals_waiting
        from yincai.registry.moves import register_follower

        register_models()
        register_follower(follow_move)
        register_navigation(
            Entry("监测", "evaluation-monitorings", MONITORING_SEE, 40, about="抽样监测：名单、参加情况、成绩"),
            Entry("增值", "evaluation-growth", GROWTH_SEE, 41, about="学校的进步与预期相比，附区间和申诉"),
            Entry(
                "增值申诉",
                "evaluation-appeals",
                APPEALS_SEE,
                42,
                frozenset(BUREAUS),
                appeals_waiting,
                "校长对增值结果的申诉，等您答复",
            ),
        )
