"""How often a related article is of the same class: `python benchmarks/related.py headlines.tsv`.

The file has a headline and its class on each line, with a tab between. The headlines become articles without a
category; the figure is the share, over all of them, of the ten related that have the same class. For comparison, each
article's ten newest neighbours, which know nothing of the text.
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))


def main(file: Path, body: str) -> None:
    rows = [line.rsplit("\t", 1) for line in file.read_text("utf8").splitlines()]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["FLASK_INSTANCE_PATH"] = folder
        records = Path(folder, "headlines.jsonl")
        with records.open("w", encoding="utf8") as out:
            for number, (title, _) in enumerate(rows):
                record = {"key": str(number), "title": title, "body": body or title}
                out.write(json.dumps(record, ensure_ascii=False) + "\n")
        print(json.dumps(measure(records, [kind for _, kind in rows])))


def measure(records: Path, kinds: list[str]) -> dict[str, float]:
    from flask_migrate import upgrade

    from app import create_app
    from dengxia import queries
    from dengxia.around import around

    app = create_app()
    with app.app_context():
        upgrade()
        start = time.perf_counter()
        result = app.test_cli_runner().invoke(args=["seed", str(records)], catch_exceptions=False)
        seconds = time.perf_counter() - start
        print(result.output.splitlines()[-1], file=sys.stderr)
        same = near = full = 0
        for number, kind in enumerate(kinds):
            ids = [row.id for row in around(queries.article(number + 1)).related]
            full += len(ids) == queries.SHOWN
            same += sum(kinds[id - 1] == kind for id in ids)
            near += sum(kinds[other] == kind for other in range(max(0, number - 10), number))
        most = queries.SHOWN * len(kinds)
        return {
            "articles": len(kinds),
            "full lists": full / len(kinds),
            "same class": same / most,
            "same class, newest neighbours": near / most,
            "seeded per second": len(kinds) / seconds,
        }


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "")
