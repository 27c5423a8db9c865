#!/usr/bin/env python3
"""What keeping the chat on disk costs: `python3 benches/log.py target/release/natter [DIR [N]]`.

One person says a line, and the next one when N others have all received it. For each policy of --fsync, and
without --state: the CPU time that natter takes for each line that one of them receives, and how long it takes
until everybody has a line. The policies take turns, so that what else the machine does hits them alike; the
least of the CPU times counts, and the median and the largest hundredth of the delays."""

import os
import select
import socket
import statistics
import subprocess
import sys
import tempfile
import time

READERS = int(sys.argv[3]) if len(sys.argv) > 3 else 1_000
LINES = 150
ROUNDS = 7
POLICIES = ["without --state", "never", "5", "always"]


class Server:
    def __init__(self, natter, policy, folder):
        command = [natter, "--classic", "127.0.0.1:0", "--telnet", "off", "--no-flood-limit", "--log", "error"]
        if policy != POLICIES[0]:
            command += ["--state", folder, "--fsync", policy]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        host, port = self.process.stdout.readline().split()[-1].rsplit(":", 1)
        self.address = (host, int(port))
        self.readers = [self.enter(f"r{number}") for number in range(READERS)]
        self.writer = self.enter("writer")
        self.poll = select.epoll()
        self.by_fd = {reader.fileno(): reader for reader in self.readers}
        for fd in self.by_fd:
            self.poll.register(fd, select.EPOLLIN)
        self.say("warm up")

    def enter(self, name):
        client = socket.create_connection(self.address)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.sendall(f"{name} -n\n".encode())
        while b"OK" not in client.recv(4096):
            pass
        return client

    def say(self, text):
        """Says a line and waits until everybody has it; how long that took."""
        end = f":{text}\r\n".encode()
        waiting = set(self.by_fd)
        start = time.perf_counter()
        self.writer.sendall(f"{text} -ta\n".encode())
        while waiting:
            for fd, _ in self.poll.poll():
                if self.by_fd[fd].recv(65536).endswith(end):
                    waiting.discard(fd)
        took = time.perf_counter() - start
        self.writer.recv(65536)
        return took

    def cpu_secs(self):
        return int(open(f"/proc/{self.process.pid}/schedstat").read().split()[0]) / 1e9


def main():
    natter = sys.argv[1]
    folder = tempfile.mkdtemp(dir=sys.argv[2] if len(sys.argv) > 2 else None)
    costs = {policy: [] for policy in POLICIES}
    delays = {policy: [] for policy in POLICIES}
    servers = {policy: Server(natter, policy, os.path.join(folder, policy)) for policy in POLICIES}
    for turn in range(ROUNDS):
        for policy, server in servers.items():
            before = server.cpu_secs()
            delays[policy] += [server.say(f"{turn}.{line} " + "x" * 60) for line in range(LINES)]
            costs[policy].append((server.cpu_secs() - before) / (LINES * READERS))
    for server in servers.values():
        server.process.terminate()
    base = min(costs[POLICIES[0]])
    print(f"{READERS} readers, {ROUNDS} times {LINES} lines with each policy")
    for policy in POLICIES:
        cost, late = min(costs[policy]), sorted(delays[policy])
        middle, last = statistics.median(late) * 1e3, late[len(late) * 99 // 100] * 1e3
        print(f"{policy:15}  {cost * 1e9:5.0f} ns a line ({cost / base:.3f})   {middle:.2f} ms, 99 %: {last:.2f} ms")


main()
