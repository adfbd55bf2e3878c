from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "yincai.portal"
    verbose_name = "门户"

    def ready(self) -> None:
        from yincai.core.navigation import Entry, register_navigation, register_shell_part, register_signin_note
        from yincai.core.permissions import SIGNED_IN
        from yincai.portal.demo import accounts
        from yincai.registry.models import RoleName

        days = frozenset({"pupil", "teacher"})
        register_navigation(
            Entry("今天", "home", SIGNED_IN, order=0, roles=days),
            Entry("首页", "home", SIGNED_IN, order=0, roles=frozenset(RoleName.values) - days),
        )
        register_shell_part("portal/_demo_label.html", accounts.shell, order=0, everywhere=True)
        register_signin_note(accounts.signin_note)
