"""Devices that fail in the middle of a run (the hook STRIAE_TEST_GPU, on a GPU in software): lost, answering zeros, panicking,
out of memory. The result is that of a device that did not, and the record says what happened and what took over."""

import json

import program
from kills import stray

QUESTIONS = {
    "a ranking": "c.h5:/spectra --metric pearson --top-k 10 --memory 128MiB",
    "links": "c.h5:/spectra --metric pearson --threshold 0.99 --memory 128MiB",
    "lags": "m.h5:/toolmarks --metric ccf --min-overlap 0.5 --top-k 8",
    "two collections": "b.h5:/spectra c.h5:/spectra --metric euclidean --top-k 5",
}
# Words of which the record's warning has one.
FAILURES = {
    "lost": ("lost", "submission", "no answer", "destroyed"),
    "zeros": ("zero", "answered", "never written"),
    "panic": ("panic",),
    "memory": ("memory", "too much"),
}


def device(tally, archives, work, short, question):
    listed = program.run(["devices", "--json"], archives, 120)
    software = (
        [d["name"] for d in json.loads(listed.out or "{}").get("gpus", []) if "llvmpipe" in d.get("name", "")]
        if listed.code == 0
        else []
    )
    if not software:
        tally.skip("failing device", "there is no GPU in software (make setup installs lavapipe)")
        return
    folder = work / "device"
    folder.mkdir(exist_ok=True)
    chosen = list(QUESTIONS.items())[: 2 if short else None]
    for name, arguments in chosen:
        asked = question(name, arguments)
        asked.answer(archives)
        for mode in FAILURES:
            for after in (0, 3) if short else (0, 1, 2, 5, 12):
                one(tally, archives, folder, asked, mode, after)


def one(tally, archives, folder, question, mode, after):
    output = folder / "out.h5"
    output.unlink(missing_ok=True)
    command = question.command(output, "--backend", "gpu", "--device", "llvmpipe", "-j", "2", "--json")
    ended = program.run(command, archives, 300, more={"STRIAE_TEST_GPU": f"{mode}:{after}"})
    faults = ended.faults([0])
    note = ended.last()
    if ended.code == 0:
        faults += question.faults(output) + stray(folder, {"out.h5"})
        record = json.loads(program.run(["info", "--json", output], archives).out)
        warnings, devices = record["warnings"], [d["name"] for d in record["devices"]]
        note = f"{len(devices)} devices, {len(warnings)} warnings: {(warnings or [str()])[-1][:160]!r}"
        if not any(word in text for text in warnings for word in FAILURES[mode]):
            faults.append(f"no warning in the record says {' or '.join(FAILURES[mode])}")
        if len(devices) < 2:
            faults.append("the record does not say what took over")
    tally.case("failing device", f"{question.name}: {mode} after {after} tiles: {ended.how()}", faults, note)
