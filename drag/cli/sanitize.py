"""`drag sanitize`: what would leave of a text, and the words back into a reply."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from drag.cli.console import errors, output, write_json
from drag.errors import ConfigError

if TYPE_CHECKING:
    from drag.settings import Settings

PASSPHRASE = "DRAG_PASSPHRASE"  # noqa: S105  # the name of a variable, not a passphrase
"""The environment variable that holds a vault's passphrase, where it cannot be typed."""


@click.command()
@click.argument("text", metavar="TEXT|-|FILE")
@click.option("--policy", type=click.Choice(["strict", "balanced", "off"]), help="How much goes.  [default: balanced]")
@click.option("--keep", type=click.Path(dir_okay=False, path_type=Path), help="Keep the words in this file, encrypted.")
@click.option(
    "--restore", type=click.Path(dir_okay=False, path_type=Path), help="Put the words of this kept file back into TEXT."
)
@click.option("--plain", is_flag=True, help="Only the sanitized text, to be piped on.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON: the sanitized text and the counts by kind.")
@click.pass_obj
def sanitize(
    config: str | None,
    *,
    text: str,
    policy: str | None,
    keep: Path | None,
    restore: Path | None,
    plain: bool,
    as_json: bool,
) -> None:
    """Show what would leave of TEXT: private words struck out, their placeholders beside them, counts by kind.

    TEXT is a text, the name of a file, or `-` for standard input. Nothing is sent. With --keep the words are written
    to a file, encrypted under a passphrase (typed, or in $DRAG_PASSPHRASE), so that --restore can put them back into a
    reply later.
    """
    from drag.settings import Settings

    given = _read(text)
    if restore is not None:
        if keep is not None or policy is not None:
            raise ConfigError("--restore goes with neither --keep nor --policy")
        _restore(given, restore, as_json=as_json)
        return
    _sanitize(given, Settings.load(config).override("privacy", policy=policy), keep, plain=plain, as_json=as_json)


def _sanitize(text: str, settings: Settings, keep: Path | None, *, plain: bool, as_json: bool) -> None:
    from drag.cli.progress import fetching
    from drag.cli.review import counted, show_change
    from drag.models.gateway import open_sanitizer
    from privacy.vault import Vault, save

    with fetching(settings) as how:
        session = open_sanitizer(settings, how).session()
    try:
        sanitized = session.sanitize(text)
        counts = session.counts
        if keep is not None:
            with Vault.of(session, sanitized) as vault:
                save(vault, keep, _passphrase(new=True))
    finally:
        session.wipe()
    if as_json:
        write_json({"policy": settings.privacy.policy, "text": sanitized, "counts": dict(counts)})
    elif plain:
        _write(sanitized)
    else:
        show_change(output, text, sanitized)
        errors.print(counted(counts), style="dim", markup=False)


def _restore(text: str, file: Path, *, as_json: bool) -> None:
    from privacy.vault import load

    with load(file, _passphrase(new=False)) as vault:
        restored = vault.restore(text)
    if as_json:
        write_json({"text": restored})
    else:
        _write(restored)


def _read(text: str) -> str:
    if text == "-":
        return sys.stdin.read()
    try:
        file = Path(text)
        if file.is_file():
            return file.read_text("utf-8")
    except UnicodeDecodeError:
        raise ConfigError(f"{text}: not UTF-8") from None
    except (OSError, ValueError):
        # Too long for a name, or with characters that no name can have: a text.
        pass
    return text


def _passphrase(*, new: bool) -> str:
    given = os.environ.get(PASSPHRASE)
    if given:
        return given
    if not sys.stdin.isatty():
        raise ConfigError(f"the passphrase cannot be typed here: set ${PASSPHRASE}")
    return str(click.prompt("passphrase", hide_input=True, confirmation_prompt=new, err=True))


def _write(text: str) -> None:
    sys.stdout.write(text if text.endswith("\n") else text + "\n")
    sys.stdout.flush()
