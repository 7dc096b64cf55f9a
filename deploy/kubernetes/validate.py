"""Checks the manifests beside it against Kubernetes' own schemas (PyPI's kubernetes-validate carries them; no network), and
against each other: what no schema says, such as that every shard is merged.

    validate.py              check; exit 1 says what is wrong
    validate.py --self-test  check, then plant mistakes one at a time: each must be found
"""

import copy
import pathlib
import re
import sys

import kubernetes_validate
import yaml

# The oldest release whose Jobs know all that is used here: backoffLimitPerIndex is stable since 1.33. The newest is checked too.
OLDEST = "1.33"
FILES = ("storage.yaml", "shards.yaml", "merge.yaml")


def read():
    here = pathlib.Path(__file__).parent
    return {name: list(yaml.safe_load_all((here / name).read_text())) for name in FILES}


def schema(manifests):
    """What the schemas refuse; fields that they do not know are refused too."""
    wrong = []
    newest = kubernetes_validate.latest_version()
    for version in (OLDEST, newest):
        for name, documents in manifests.items():
            for document in documents:
                try:
                    kubernetes_validate.validate(document, version, strict=True)
                except kubernetes_validate.ValidationError as error:
                    place = "/".join(map(str, error.path)) or "its top"
                    wrong.append(f"{name}: {document.get('kind')} at {place} (Kubernetes {version}): {error.message}")
                except (kubernetes_validate.SchemaNotFoundError, KeyError) as error:
                    kind = f"{document.get('apiVersion')} {document.get('kind')}"
                    wrong.append(f"{name}: {kind} is not known to Kubernetes {version}: {error}")
    return wrong


def size(text):
    """Bytes of 5Gi, 4GiB, 512Mi."""
    number, unit = re.fullmatch(r"([0-9.]+)([KMGT]i?)B?", text).groups()
    base = 1024 if unit.endswith("i") else 1000
    return float(number) * base ** (1 + "KMGT".index(unit[0]))


def job(name, document, claims):
    """What the API server or the night would find: rules of Jobs beyond their schema."""
    wrong = []
    spec = document["spec"]
    pod = spec["template"]["spec"]
    containers = {c["name"]: c for c in pod["containers"]}
    rules = spec.get("podFailurePolicy", {}).get("rules", [])
    if rules and pod.get("restartPolicy") != "Never":
        wrong.append("podFailurePolicy needs restartPolicy: Never")
    by_code = {}
    for rule in rules:
        on = rule.get("onExitCodes")
        if on is None:
            continue
        if on.get("containerName") not in containers:
            wrong.append(f"podFailurePolicy names the container {on.get('containerName')}, which is not there")
        for code in on["values"]:
            by_code.setdefault(code, rule["action"])
    for code in (2, 3):
        if by_code.get(code) != "FailJob":
            wrong.append(f"exit code {code} must end the job, not {by_code.get(code, 'be tried again')}")
    ignored = [c["type"] for r in rules if r["action"] == "Ignore" for c in r.get("onPodConditions", [])]
    if "DisruptionTarget" not in ignored:
        wrong.append("a drained node must not count as a failure (Ignore, DisruptionTarget)")
    volumes = {v["name"]: v for v in pod.get("volumes", [])}
    for volume in volumes.values():
        claim = volume.get("persistentVolumeClaim", {}).get("claimName")
        if claim and claim not in claims:
            wrong.append(f"the claim {claim} is not in storage.yaml")
    for container in containers.values():
        for mount in container.get("volumeMounts", []):
            if mount["name"] not in volumes:
                wrong.append(f"the volume {mount['name']} is not there")
        if ":" not in container["image"] or container["image"].endswith(":latest"):
            wrong.append(f"the image {container['image']} must name its version")
        environment = {e["name"] for e in container.get("env", [])}
        for argument in container["args"]:
            for variable in re.findall(r"\$\((\w+)\)", argument):
                if variable not in environment:
                    wrong.append(f"{argument}: the variable {variable} is not in env")
            if argument.startswith("--memory="):
                limit = container["resources"]["limits"]["memory"]
                if size(limit) < 1.125 * size(argument.split("=", 1)[1]):
                    wrong.append(f"{argument} needs a limit an eighth above it, not {limit}")
    context = pod.get("securityContext", {})
    if not context.get("runAsNonRoot"):
        wrong.append("runAsNonRoot must be true")
    return [f"{name}: {w}" for w in wrong]


def arguments(document):
    return document["spec"]["template"]["spec"]["containers"][0]["args"]


def together(manifests):
    """Shards and merge must be of one number, one folder and one image."""
    wrong = []
    (shards,), (merge,) = manifests["shards.yaml"], manifests["merge.yaml"]
    claims = {d["metadata"]["name"] for d in manifests["storage.yaml"] if d["kind"] == "PersistentVolumeClaim"}
    wrong += job("shards.yaml", shards, claims) + job("merge.yaml", merge, claims)
    spec = shards["spec"]
    count = spec.get("completions")
    if spec.get("completionMode") != "Indexed" or not count:
        return [*wrong, "shards.yaml: completionMode must be Indexed, with completions"]
    args = arguments(shards)
    if f"--shard=auto/{count}" not in args:
        wrong.append(f"shards.yaml: completions is {count}, so --shard must be auto/{count}")
    if "--resume" not in args:
        wrong.append("shards.yaml: without --resume a pod that comes after another refuses its journal")
    codes = {code: r["action"] for r in spec["podFailurePolicy"]["rules"] for code in r.get("onExitCodes", {}).get("values", [])}
    if codes.get(4) != "Ignore":
        wrong.append("shards.yaml: exit code 4 (interrupted) must not count as a failure")
    if spec.get("podReplacementPolicy") != "Failed":
        wrong.append("shards.yaml: podReplacementPolicy must be Failed: two pods of one shard would write one journal")
    outputs = [a.split("=", 1)[1] for a in args if a.startswith("--output=")]
    made = {o.replace("$(INDEX)", str(i)) for o in outputs for i in range(count)}
    merged = {a for a in arguments(merge)[1:] if not a.startswith("--")}
    if made != merged or len(made) != count:
        beyond, left_out = sorted(merged - made) or "nothing else", sorted(made - merged) or "none"
        wrong.append(f"merge.yaml: joins {beyond} that no shard makes, leaves out {left_out}")
    if "--overwrite" not in arguments(merge):
        wrong.append("merge.yaml: without --overwrite a pod that comes after another refuses the result that it left")
    images = {d["spec"]["template"]["spec"]["containers"][0]["image"] for d in (shards, merge)}
    if len(images) != 1:
        wrong.append(f"the images differ: {sorted(images)}")
    return wrong


def check(manifests):
    # What lacks a field that must be there is for the schema to say.
    return schema(manifests) or together(manifests)


def planted():
    """Mistakes, as (what, what the complaint must name, change)."""
    def shards(m):
        return m["shards.yaml"][0]["spec"]

    def container(m):
        return shards(m)["template"]["spec"]["containers"][0]

    def replace(m, old, new):
        container(m)["args"] = [new if a == old else a for a in container(m)["args"]]

    def rule(m, number):
        return shards(m)["podFailurePolicy"]["rules"][number]

    return [
        ("a misspelt field", "completionsMode", lambda m: shards(m).update(completionsMode=shards(m).pop("completionMode"))),
        ("a number as text", "completions", lambda m: shards(m).update(completions="eight")),
        ("a kind that is not there", "Jobb", lambda m: m["shards.yaml"][0].update(kind="Jobb")),
        ("an old version", "batch/v1beta1", lambda m: m["shards.yaml"][0].update(apiVersion="batch/v1beta1")),
        ("a rule without action", "action", lambda m: rule(m, 0).pop("action")),
        ("a field of containers in the pod", "args", lambda m: shards(m)["template"]["spec"].update(args=[])),
        ("access modes as text", "accessModes", lambda m: m["storage.yaml"][0]["spec"].update(accessModes="ReadWriteMany")),
        ("another number of shards", "auto/9", lambda m: shards(m).update(completions=9)),
        ("no index", "Indexed", lambda m: shards(m).update(completionMode="NonIndexed")),
        ("exit code 3 tried again", "exit code 3", lambda m: rule(m, 0)["onExitCodes"].update(values=[2])),
        ("exit code 4 a failure", "exit code 4", lambda m: shards(m)["podFailurePolicy"]["rules"].pop()),
        ("drains count", "drained", lambda m: shards(m)["podFailurePolicy"]["rules"].pop(1)),
        ("a rule for another container", "container main", lambda m: rule(m, 0)["onExitCodes"].update(containerName="main")),
        ("pods that restart", "restartPolicy", lambda m: shards(m)["template"]["spec"].update(restartPolicy="OnFailure")),
        ("two pods of one shard", "podReplacementPolicy", lambda m: shards(m).update(podReplacementPolicy="TerminatingOrFailed")),
        ("no --resume", "--resume", lambda m: container(m)["args"].remove("--resume")),
        ("no --overwrite", "--overwrite", lambda m: arguments(m["merge.yaml"][0]).remove("--overwrite")),
        ("too small a limit", "an eighth above", lambda m: container(m)["resources"]["limits"].update(memory="4Gi")),
        ("a variable that is not set", "INDEX", lambda m: container(m).update(env=[])),
        ("a shard not merged", "shard-7-of-8", lambda m: arguments(m["merge.yaml"][0]).remove("/data/nearest-shard-7-of-8.h5")),
        ("another image", "images differ", lambda m: container(m).update(image="striae:0.2.0")),
        ("an image without version", "version", lambda m: container(m).update(image="striae")),
        ("another claim", "claim", lambda m: m["storage.yaml"][0]["metadata"].update(name="other")),
        ("root", "runAsNonRoot", lambda m: shards(m)["template"]["spec"]["securityContext"].pop("runAsNonRoot")),
        ("another output", "no shard makes", lambda m: replace(m, container(m)["args"][-1], "--output=/data/x-$(INDEX).h5")),
    ]


def main():
    manifests = read()
    wrong = check(manifests)
    for text in wrong:
        print(text, file=sys.stderr)
    if wrong:
        return 1
    newest = kubernetes_validate.latest_version()
    print(f"{', '.join(FILES)}: as Kubernetes {OLDEST} and {newest} want them, and of one number of shards")
    if "--self-test" in sys.argv[1:]:
        missed = []
        mistakes = planted()
        for what, words, change in mistakes:
            changed = copy.deepcopy(manifests)
            change(changed)
            found = check(changed)
            if not any(words in text for text in found):
                missed.append(f"not found: {what} (found: {found or 'nothing'})")
        for text in missed:
            print(text, file=sys.stderr)
        if missed:
            return 1
        print(f"{len(mistakes)} planted mistakes, all found")
    return 0


sys.exit(main())
