#!/usr/bin/env python3
"""Measures the memory of a connection: natter's own, and the kernel's.

    sudo python3 benches/memory.py target/release/natter

As root, who alone may read /proc/slabinfo. Linux with ss (iproute2) and python3. Both ends of each
connection are on this machine, so there are two of each object; what is printed is for one end.
"""
import re
import selectors
import socket
import subprocess
import sys
import time

IDLE, STUCK = 5_000, 200
# The kernel's objects for an accepted socket: the socket, its inode, its file, the file's name,
# and its entry in epoll. (The last has other users at the clients' end.)
OBJECTS = ["TCP", "sock_inode_cache", "filp", "dentry", "eventpoll_epi"]


def start(program, *options):
    server = subprocess.Popen(
        [program, "--classic", "127.0.0.1:0", "--telnet", "off", "--log", "off", *options],
        stdout=subprocess.PIPE, text=True)
    port = int(server.stdout.readline().rsplit(":", 1)[1])
    return server, port


def enter(port, names, receive_bytes=0):
    """Connects one client for each name, and waits for each `OK`."""
    clients = []
    for name in names:
        client = socket.socket()
        if receive_bytes:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        client.connect(("127.0.0.1", port))
        client.sendall(f"{name} -n\n".encode())
        while b"OK" not in client.recv(4096):
            pass
        clients.append(client)
    return clients


def drain(clients):
    """Reads until nothing has arrived for a second and a half: joins are summed up once a second."""
    selector = selectors.PollSelector()
    for client in clients:
        client.setblocking(False)
        selector.register(client, selectors.EVENT_READ)
    while ready := selector.select(timeout=1.5):
        for key, _ in ready:
            key.fileobj.recv(1 << 16)
    selector.close()


def slabs():
    """Returns the objects in use and the size of each, by cache."""
    with open("/proc/slabinfo") as file:
        rows = [line.split() for line in file if not line.startswith(("#", "slabinfo"))]
    return {row[0]: (int(row[1]), int(row[3])) for row in rows}


def resident_bytes(server):
    with open(f"/proc/{server.pid}/status") as file:
        return int(re.search(r"VmRSS:\s+(\d+) kB", file.read())[1]) * 1024


def queues(port):
    """Returns the receive and send queues of the server's ends in bytes, as printed by ss."""
    out = subprocess.run(["ss", "-tnmH", "state", "established", f"sport = :{port}"],
                         capture_output=True, text=True, check=True).stdout
    found = re.findall(r"skmem:\(r(\d+),rb(\d+),t(\d+),tb(\d+),f(\d+),w(\d+)", out)
    return len(found), [int(row[0]) for row in found], [int(row[5]) for row in found]


def idle(program):
    server, port = start(program, "--no-flood-limit")
    drain(enter(port, ["first"]))
    before, resident = slabs(), resident_bytes(server)
    clients = enter(port, [f"u{number}" for number in range(IDLE)])
    drain(clients)
    after = slabs()
    print(f"natter, resident, with one client: {resident} bytes")
    print(f"{IDLE} named clients in one room, idle")
    print(f"  natter, resident: {(resident_bytes(server) - resident) / IDLE:.0f} bytes each")
    for name in OBJECTS:
        count = (after[name][0] - before[name][0]) / IDLE / 2
        print(f"  kernel, {name}: {after[name][1]} bytes ({count:.2f} objects)")
    print(f"  kernel, one of each: {sum(after[name][1] for name in OBJECTS)} bytes")
    _, received, sent = queues(port)
    print(f"  kernel, queues: {sum(received)} bytes received, {sum(sent)} to be sent")
    server.kill()
    server.wait()


def full(program, they_send):
    """Connects clients that read nothing; either one of them sends, or all do, as fast as they can."""
    server, port = start(program, *([] if they_send else ["--no-flood-limit"]))
    clients = enter(port, [f"u{number}" for number in range(STUCK)], 4096)
    speakers = clients if they_send else enter(port, ["speaker"])
    for client in clients + speakers:
        client.setblocking(False)
    line = b"x" * 1000 + b" -ta\n"
    end, most = time.monotonic() + 25, (0, 0, 0)
    while time.monotonic() < end:
        for client in speakers:
            try:
                client.send(line)
                client.recv(1 << 16) if not they_send else None
            except OSError:
                pass
        received, sent = queues(port)[1:]
        if len(sent) >= STUCK:
            both = [one + other for one, other in zip(received, sent)]
            most = max(most, max(zip(both, received, sent)))
    print(f"{STUCK} clients that read nothing" + (", and send without end" if they_send else ""))
    print(f"  kernel, the largest: {most[0]} bytes: {most[1]} received, {most[2]} to be sent")
    print(f"  natter, resident: {resident_bytes(server)} bytes in all")
    server.kill()
    server.wait()


if __name__ == "__main__":
    idle(sys.argv[1])
    full(sys.argv[1], they_send=False)
    full(sys.argv[1], they_send=True)
