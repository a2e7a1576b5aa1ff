"""The router's configuration, as HAProxy reads it."""

import asyncio
import re
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest
import yaml
from chart_docs import CHART
from chart_render import TRIAL, Document, Helm, one

from voltring_core.testing import eventually, free_port

REVOCATIONS = "ca -gencrl -config ca.conf -keyfile authority.pem.key -cert authority.pem -crldays 30 -out ca.crl"
FILES = sorted((Path(__file__).parent / "values").glob("*.yaml"))


def haproxy() -> str:
    found = shutil.which("haproxy", path="/usr/local/sbin:/usr/sbin:/usr/local/bin:/usr/bin")
    if found is None:
        pytest.skip("haproxy is not installed")
    return found


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate, its key beside it, an authority and its empty list of revocations, by openssl."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("certificate")
    made(folder, "tls")
    made(folder, "authority")
    (folder / "ca.conf").write_text("[ca]\ndefault_ca=d\n[d]\ndatabase=index\ndefault_md=sha256\n")
    (folder / "index").touch()
    openssl(folder, REVOCATIONS)
    return folder


def made(folder: Path, name: str) -> None:
    """Make a certificate and its key, or others in their place."""
    openssl(
        folder,
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 "
        f"-subj /CN={name} -keyout {name}.pem.key -out {name}.pem",
    )


def openssl(folder: Path, words: str) -> None:
    subprocess.run(["openssl", *words.split()], cwd=folder, check=True, capture_output=True, timeout=60)


def configured(rendered: list[Document], folder: Path, certificate: Path) -> list[str]:
    """HAProxy's command on this machine: what is in the ConfigMap, with files of ours in place of the Secrets'."""
    for name, text in one(rendered, "ConfigMap", "-router")["data"].items():
        text = text.replace("/etc/voltring-certificate/", f"{certificate}/").replace("/run/haproxy", str(folder))
        text = text.replace("/etc/voltring-clients/ca.pem", f"{certificate}/authority.pem")
        text = text.replace("/etc/voltring-clients/", f"{certificate}/").replace("/etc/voltring/", f"{folder}/")
        (folder / name).write_text(text, encoding="utf-8")
    container = one(rendered, "Deployment", "-router")["spec"]["template"]["spec"]["containers"][0]
    return [haproxy(), *(word.replace("/etc/voltring/", f"{folder}/") for word in container["command"][1:])]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_haproxy_takes_the_configuration(helm: Helm, file: Path, tmp_path: Path, certificate: Path) -> None:
    rendered = helm.template(yaml.safe_load(file.read_text(encoding="utf-8")))
    command = [*configured(rendered, tmp_path, certificate), "-c"]
    checked = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert checked.returncode == 0, checked.stderr
    assert "[WARNING]" not in checked.stderr, checked.stderr


async def test_a_renewed_certificate_is_taken_over_and_open_sockets_stay(
    helm: Helm, tmp_path: Path, certificate: Path
) -> None:
    port, folder = free_port(), tmp_path / "certificate"
    router = started(helm, tmp_path, certificate, port)
    try:
        before = await eventually(lambda: shown(port), 60)
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting())
        made(folder, "tls")
        made(folder, "authority")

        openssl(folder, REVOCATIONS)

        async def are_others() -> bool:
            told = (tmp_path / "log").read_text(encoding="utf-8")
            assert "not taken over" not in told
            is_told = all(f"taken over: {folder}/{name}" in told for name in ("tls.pem", "authority.pem", "ca.crl"))
            return is_told and await shown(port) not in (before, None)

        assert await eventually(are_others, 60)
        writer.write(b"GET /elsewhere HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b" 404 " in await asyncio.wait_for(reader.readline(), 30)
        writer.close()
        assert router.poll() is None
    finally:
        router.terminate()
        router.wait(30)


def started(helm: Helm, folder: Path, certificate: Path, port: int) -> subprocess.Popen[bytes]:
    """A router that looks at its certificates each second; they are copies of its own."""
    mine = folder / "certificate"
    shutil.copytree(certificate, mine)
    values = yaml.safe_load((Path(__file__).parent / "values" / "tls.yaml").read_text(encoding="utf-8"))
    values["router"]["maxConnections"] = 100  # as many files as a small machine allows
    command = configured(helm.template(values), folder, mine)
    for file in folder.glob("*.cfg"):
        text = file.read_text(encoding="utf-8")
        text = text.replace("*:8443", f"127.0.0.1:{port}").replace("*:8404", f"127.0.0.1:{free_port()}")
        # Before the first line that loads a script.
        text = text.replace("    lua-load", "    setenv VOLTRING_CERTIFICATES_SECONDS 1\n    lua-load", 1)
        file.write_text(text, encoding="utf-8")
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(command, stdout=log, stderr=log)


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


async def shown(port: int) -> bytes | None:
    """The certificate that the router shows now."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting())
    except OSError:
        return None
    found: bytes = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_file_that_is_named_is_mounted(helm: Helm, file: Path) -> None:
    rendered = helm.template(yaml.safe_load(file.read_text(encoding="utf-8")))
    data = one(rendered, "ConfigMap", "-router")["data"]
    pod = one(rendered, "Deployment", "-router")["spec"]["template"]["spec"]
    held = {
        volume["name"]: [item["path"] for item in volume.get("secret", {}).get("items", ())]
        for volume in pod["volumes"]
    }
    held["configuration"] = list(data)
    there = {f"{one['mountPath']}/{name}" for one in pod["containers"][0]["volumeMounts"] for name in held[one["name"]]}
    text = data["haproxy.cfg"] + data.get("certificates.cfg", "")
    named = set(re.findall(r"/etc/voltring[-/a-z.]+", text))
    named |= {f"{word}.key" for word in re.findall(r" crt (\S+)", text)}
    assert named <= there
    assert {word for word in pod["containers"][0]["command"] if word.startswith("/")} <= there


def servers(rendered: list[Document]) -> list[tuple[str, str, str]]:
    text = one(rendered, "ConfigMap", "-router")["data"]["haproxy.cfg"]
    return re.findall(r"^ +server (\S+) (\S+) id (\d+)$", text, re.MULTILINE)


def test_there_is_a_line_for_every_slot_and_more_slots_change_none_of_them(helm: Helm) -> None:
    few, many = (servers(helm.template(TRIAL | {"fleet": {"slots": {"max": size}}})) for size in (10, 40))
    assert (len(few), len(many)) == (10, 40)
    assert many[:10] == few
    (node,) = one(helm.template(TRIAL), "OcppFleet", "csms-voltring")["spec"]["template"]["spec"]["containers"]
    assert {"name": "VOLTRING_MAX_NODES", "value": "10"} in node["env"]
    host = "csms-voltring-node-3.csms-voltring-node.charging.svc.cluster.local:9000"
    assert few[3] == ("node-3", host, "4")


def test_the_ports_of_the_pod_are_those_of_the_configuration(helm: Helm) -> None:
    for file, expected in (("tls", {8443, 8404}), ("cert-manager", {8080, 8443, 8404}), ("trial", {8080, 8404})):
        values = yaml.safe_load((Path(__file__).parent / "values" / f"{file}.yaml").read_text(encoding="utf-8"))
        rendered = helm.template(values)
        text = one(rendered, "ConfigMap", "-router")["data"]["haproxy.cfg"]
        container = one(rendered, "Deployment", "-router")["spec"]["template"]["spec"]["containers"][0]
        given = {port["name"]: port["containerPort"] for port in container["ports"]}
        assert set(map(int, re.findall(r"bind \*:(\d+)", text))) == set(given.values()) == expected
        assert {port["targetPort"] for port in one(rendered, "Service", "-router")["spec"]["ports"]} <= given.keys()


def test_a_changed_configuration_restarts_the_routers(helm: Helm) -> None:
    def checksum(**values: object) -> str:
        pod = one(helm.template(TRIAL | values), "Deployment", "-router")["spec"]["template"]
        return str(pod["metadata"]["annotations"]["checksum/configuration"])

    assert checksum() == checksum(commonLabels={"team": "a"})
    assert checksum() != checksum(fleet={"slots": {"max": 11}})


def test_a_router_that_ends_has_the_time_to_let_its_chargers_go(helm: Helm) -> None:
    rendered = helm.template(TRIAL | {"router": {"stopSeconds": 100}})
    pod = one(rendered, "Deployment", "-router")["spec"]["template"]["spec"]
    hard_stop = re.search(r"hard-stop-after (\d+)s", one(rendered, "ConfigMap", "-router")["data"]["haproxy.cfg"])
    assert hard_stop is not None
    pause = int(pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][-1])
    assert pod["terminationGracePeriodSeconds"] > pause + int(hard_stop[1]) > 100


def test_who_paces_the_end_reaches_haproxys_socket_and_has_its_time(helm: Helm) -> None:
    rendered = helm.template(TRIAL | {"router": {"stopSeconds": 100}})
    pod = one(rendered, "Deployment", "-router")["spec"]["template"]["spec"]
    proxy, pacing = pod["containers"]
    configuration = one(rendered, "ConfigMap", "-router")["data"]
    program, path, seconds = pacing["command"][1:]
    assert configuration[Path(program).name] == (CHART / "files" / "pacing.py").read_text(encoding="utf-8")
    assert f"stats socket {path} mode 600" in configuration["haproxy.cfg"]
    assert seconds == "100"
    # The socket is its owner's alone: both are the same user, and share its folder.
    assert "runAsUser" not in proxy["securityContext"].keys() | pacing["securityContext"].keys()
    assert [mount for mount in proxy["volumeMounts"] if mount["name"] == "run"] == [
        mount for mount in pacing["volumeMounts"] if mount["name"] == "run"
    ]
