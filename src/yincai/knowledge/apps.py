from django.apps import AppConfig


class KnowledgeConfig(AppConfig):
    name = "yincai.knowledge"
    verbose_name = "知识与题库"
