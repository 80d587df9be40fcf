/**
 * What a guest server is started with: a configuration file for Jupyter, which is a Python program. It reads everything that
 * differs from server to server from `settings.json` beside it, so that neither the token nor a path of the person's is an
 * argument or a variable. It holds for Jupyter Server 1.x and 2.x.
 *
 * Jupyter would also take a configuration file from its working directory. That is this private folder and not the worktree,
 * where an agent could leave one.
 *
 * It also keeps the journal: Jupyter Server is the only process that sees everything a kernel sends and that outlives the window
 * and the host. Whatever a kernel says in answer to the execution of a cell is appended to a file of that cell, before anybody
 * who is connected gets it; a host that is killed, or a window that reloads, reads there what it missed. Websockets alone would
 * not do: what Jupyter has written into a connection is lost with whoever would have read it.
 */
export const serverConfiguration = String.raw`
import json
import os
import re
import time

import jupyter_server
import zmq
from jupyter_server.services.kernels import kernelmanager

with open(os.environ.pop("MUSTER_JUPYTER_SETTINGS"), encoding="utf-8") as file:
    settings = json.load(file)

c = get_config()  # noqa: F821
c.ServerApp.open_browser = False
c.ServerApp.root_dir = settings["root"]
c.ServerApp.base_url = settings["base"]
if "socket" in settings:
    c.ServerApp.sock = settings["socket"]
    c.ServerApp.sock_mode = "0600"
else:
    c.ServerApp.ip = "127.0.0.1"
    c.ServerApp.port = settings["port"]
    c.ServerApp.port_retries = 0
c.ServerApp.certfile = ""
c.ServerApp.keyfile = ""
c.ServerApp.allow_root = True
c.ServerApp.allow_remote_access = False
c.ServerApp.shutdown_no_activity_timeout = settings["idleSeconds"]
c.ServerApp.quit_button = False
c.FileContentsManager.delete_to_trash = False
modern = jupyter_server.version_info[0] >= 2
# Nothing that a kernel says is thrown away for being much.
if modern:
    c.IdentityProvider.token = settings["token"]
    c.PasswordIdentityProvider.hashed_password = ""
    c.ZMQChannelsWebsocketConnection.limit_rate = False
else:
    c.ServerApp.token = settings["token"]
    c.ServerApp.password = ""
    c.ServerApp.iopub_data_rate_limit = 0
    c.ServerApp.iopub_msg_rate_limit = 0



def without_token(handler, page_config):
    # A page of JupyterLab would show the token to whatever runs in it; the host adds it to each request instead.
    page_config["token"] = ""
    return page_config


c.ServerApp.tornado_settings = {"page_config_hook": without_token}

MAX_CELL_BYTES = settings["maxCellBytes"]
MAX_CELLS = settings["maxCells"]
MAX_FOLDER_BYTES = settings["maxFolderBytes"]
MAX_OPEN = 32


class Journal:
    """One file for each cell that was executed, one line of JSON for each message."""

    def __init__(self, folder, kernel_id):
        self.folder = folder
        self.kernel_id = kernel_id
        self.cells = {}

    def record(self, msg):
        parent = msg.get("parent_header") or {}
        if parent.get("msg_type") != "execute_request":
            return
        kind = msg["header"]["msg_type"]
        cell = self.cells.get(parent["msg_id"]) or self.begin(parent)
        if cell is None:
            return
        line = self.line(kind, msg)
        ends = kind == "status" and msg["content"].get("execution_state") == "idle"
        if cell["size"] + len(line) > MAX_CELL_BYTES and not ends:
            if not cell["cut"]:
                cell["cut"] = True
                os.write(cell["file"], b'{"type":"cut"}\n')
            return
        cell["size"] += len(line)
        os.write(cell["file"], line)

    def begin(self, parent):
        msg_id = str(parent["msg_id"])
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,100}", msg_id):
            return None
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
        names = sorted(os.listdir(self.folder))
        self.make_room(names)
        found = [name for name in names if name.endswith("." + msg_id + ".jsonl")]
        name = found[0] if found else "%015d.%s.jsonl" % (int(time.time() * 1000), msg_id)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        file = os.open(os.path.join(self.folder, name), flags, 0o600)
        cell = {"file": file, "size": os.fstat(file).st_size, "cut": False}
        if cell["size"] == 0:
            head = {"type": "cell", "at": now(), "kernel": self.kernel_id, "msg": msg_id, "session": str(parent.get("session", ""))}
            os.write(file, (json.dumps(head) + "\n").encode())
        while len(self.cells) >= MAX_OPEN:
            os.close(self.cells.pop(next(iter(self.cells)))["file"])
        self.cells[msg_id] = cell
        return cell

    def make_room(self, names):
        # The oldest go first; what is open for writing is among the newest.
        sizes = {name: os.lstat(os.path.join(self.folder, name)).st_size for name in names}
        total = sum(sizes.values())
        for index, name in enumerate(names[:-MAX_OPEN]):
            if len(names) - index <= MAX_CELLS and total <= MAX_FOLDER_BYTES:
                return
            os.unlink(os.path.join(self.folder, name))
            total -= sizes[name]

    def line(self, kind, msg):
        said = {"type": kind, "at": now(), "content": msg["content"], "metadata": msg.get("metadata") or {}}
        return (json.dumps(said, default=str) + "\n").encode("utf-8", "backslashreplace")


def now():
    return int(time.time() * 1000)


def keep_journal(manager, kernel_id):
    kernel = manager._kernels[kernel_id]
    if getattr(kernel, "muster_journal", None):
        return
    # Without a limit: what the server has not come to read yet waits instead of being dropped.
    kernel.context.setsockopt(zmq.RCVHWM, 0)
    # The kernel does not listen yet. It binds long before it takes a cell, and by then this has to be connected:
    # what is published to nobody is lost.
    kernel.context.setsockopt(zmq.RECONNECT_IVL, 5)
    session = kernelmanager.Session(config=kernel.session.config, key=kernel.session.key)
    journal = Journal(settings["cells"], kernel_id)
    stream = kernel.connect_iopub()

    def receive(parts):
        try:
            _, parts = session.feed_identities(parts)
            journal.record(session.deserialize(parts))
        except Exception as error:
            manager.log.warning("A message of kernel %s is not in the journal: %s", kernel_id, error)

    stream.on_recv(receive)
    kernel.muster_journal = stream


watch = kernelmanager.MappingKernelManager.start_watching_activity


def start_watching_activity(self, kernel_id):
    # First, so that its socket has no limit either.
    try:
        keep_journal(self, kernel_id)
    except Exception as error:
        self.log.warning("Kernel %s has no journal: %s", kernel_id, error)
    watch(self, kernel_id)


kernelmanager.MappingKernelManager.start_watching_activity = start_watching_activity
`;
