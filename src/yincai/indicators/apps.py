from django.apps import AppConfig


class IndicatorsConfig(AppConfig):
    name = "yincai.indicators"
    verbose_name = "指标"

    def ready(self) -> None:
        from yincai.core.navigation import Entry, register_navigation
        from yincai.indicators import tasks  # noqa: F401 - registers the periodic tasks
        from yincai.indicators.policies import SEE, SEE_MODELS

        officers = frozenset({"head", "school_admin", "researcher", "district_officer", "city_officer"})
        register_navigation(
            Entry(
                "统计",
                "indicators-figures",
                SEE,
                order=40,
                roles=officers,
                about="活跃、覆盖、掌握，每个数字都能打开到算法和下一级",
            ),
            Entry(
                "模型说明",
                "indicators-models",
                SEE_MODELS,
                order=90,
                roles=officers | {"admin"},
                about="系统里每个模型做什么、准不准、对谁不准、谁批准的",
            ),
        )
