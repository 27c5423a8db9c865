"""A client that behaves on the wire like the article's: tcp_client.py [PORT]

It sends no line ends and treats each read as one message. Until it has entered, it reads at most 128
bytes at a time and waits for a read that is exactly `OK`; then it reads at most 1,024 and ends at
one that is exactly `exit`. It fails at a character that is cut in two by the end of a read.
"""

import socket
import sys
import threading

ENTERING_READ_BYTES = 128
TALKING_READ_BYTES = 1024


def read(link, size):
    message = link.recv(size)
    if not message:
        sys.exit("the server closed the connection without saying exit")
    text = message.decode("utf-8")
    print(text, flush=True)
    return text


def send_what_is_typed(link):
    for line in sys.stdin:
        text = line.rstrip("\n")
        if text == "exit":
            link.sendall(b"exit")
            return
        link.sendall(f"{text} -ta".encode("utf-8"))


def main():
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 9999
    with socket.create_connection(("127.0.0.1", port)) as link:
        answer = None
        while answer != "OK":
            link.sendall(f"{input('name: ')} -n".encode("utf-8"))
            answer = read(link, ENTERING_READ_BYTES)
        # A daemon thread: pending input must not delay the end once the server has sent exit.
        threading.Thread(target=send_what_is_typed, args=[link], daemon=True).start()
        while read(link, TALKING_READ_BYTES) != "exit":
            pass


main()
