"""The `earmark` command: it finds the project, holds all commands and prints errors as one sentence."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from db.errors import EarmarkError
from db.store.failures import STORE_ERRORS, failure_of
from labeler.cli.corpora.group import corpora
from labeler.cli.ctrl_c import end_by_ctrl_c
from labeler.cli.data.decisions import annotate, queue
from labeler.cli.data.export import export, export_head
from labeler.cli.data.keep_safe import backup, doctor, restore
from labeler.cli.data.labels import labels
from labeler.cli.data.serve import serve
from labeler.cli.data.set_up import embed, import_, init, upgrade, validate
from labeler.cli.data.withdraw import withdraw
from labeler.cli.learning.finding import likely, similar
from labeler.cli.learning.finetune import finetune
from labeler.cli.learning.label_checks import agreement, suspects
from labeler.cli.learning.learn_and_predict import learn, predict
from labeler.cli.learning.modalities import modalities
from labeler.cli.learning.probe import probe
from labeler.cli.learning.reports import curve, status
from labeler.cli.learning.simulate import simulate
from labeler.cli.learning.train_encoder import pretrain
from labeler.cli.monitoring import OneSentence
from labeler.processes.safe_path import safe_children


class OneSentenceErrors(click.Group):
    """A group of commands that end in one sentence, not in a traceback, if an error is one that a user can fix."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; an error becomes one line on stderr and exit status 1, and so does Ctrl-C, with status 130."""
        try:
            return super().invoke(ctx)
        except EarmarkError as error:
            raise OneSentence(str(error)) from error
        except KeyboardInterrupt:
            end_by_ctrl_c()
        except click.Abort as error:
            # Ctrl-C where a question waits for its answer; click raises the same for the answer no.
            if isinstance(error.__context__, KeyboardInterrupt):
                end_by_ctrl_c()
            raise
        except BrokenPipeError:
            # The program that reads our output (`head`, for example) has ended; this is not an error.
            sys.stderr.close()
            raise SystemExit(0) from None
        except STORE_ERRORS as error:
            raise OneSentence(failure_of(error, place=ctx.params["project"]).sentence) from error


@click.group(cls=OneSentenceErrors, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--project",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="EARMARK_PROJECT",
    default=Path(),
    help="The project directory; default: EARMARK_PROJECT, or else the current folder.",
)
@click.version_option(package_name="earmark", prog_name="earmark")
@click.pass_context
def main(ctx: click.Context, project: Path) -> None:
    """Label audio clips in as little listening time as possible, and know how good the classifier is."""
    ctx.obj = project
    ctx.with_resource(safe_children())


for command in (
    *(init, import_, embed, learn, serve, annotate, queue, status, curve),
    *(suspects, agreement, similar, likely, predict, export, pretrain, finetune, probe, simulate, modalities),
    *(upgrade, labels, withdraw, backup, restore, doctor, validate, export_head, corpora),
):
    main.add_command(command)
