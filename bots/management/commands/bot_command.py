from argparse import ArgumentParser
from typing import Any

from bots import models, queries
from bots.services import commands
from smarttrader.lib import clock
from smarttrader.lib.actors import COMMAND_LINE
from smarttrader.lib.commands import DomainCommand


class Command(DomainCommand):
    help = "Queue a command to a bot: its next heartbeat delivers it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--bot", required=True, metavar="ID")
        parser.add_argument("command", choices=models.Command.values)

    def handle(self, *args: Any, **options: Any) -> None:
        queued = commands.queue_command(
            bot=queries.required_bot(options["bot"]),
            command=models.Command(options["command"]),
            actor=COMMAND_LINE,
            now=clock.now(),
        )
        self.stdout.write(f"{queued.command} queued")
