"""A server that behaves on the wire like the article's: tcp_server.py [PORT]

Each read of at most 1,024 bytes is one command and each message one write, without line ends. The
article's faults are kept, because clients have to cope with them: a second user of a name receives
what was sent to the first, a user without a name speaks as None, the old name stays after a
rename, a lost connection stays in the room and silences the next user who speaks to it, and the
answer to an unknown command is in GB2312.
"""

import socket
import sys
import threading
import time

READ_BYTES = 1024

# Name to socket.
room = {}


def stamped(text):
    return time.strftime("[%Y-%m-%d %H:%M:%S] ") + text


def tell(text, everyone_but=None):
    message = stamped(text).encode("utf-8")
    for name, link in list(room.items()):
        if name != everyone_but:
            link.sendall(message)


def serve(link):
    own_name = None
    while received := link.recv(READ_BYTES):
        command = received.decode("utf-8").strip()
        words, _, verb = command.rpartition(" ")
        if command == "exit":
            tell(f"系统:用户{own_name}退出聊天室!", everyone_but=own_name)
            link.sendall(b"exit")
            del room[own_name]
            link.close()
            return
        if " " not in command:
            link.sendall(stamped("系统:无法识别您的指令,请重新输入!").encode("gb2312"))
        elif verb == "-n":
            new_name = words.split(" ")[0]
            tell(f"系统:{new_name}加入了聊天")
            link.sendall(b"OK")
            own_name = new_name
            room[own_name] = link
        elif verb == "-ta":
            tell(f"{own_name}:{words}")


def main():
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 9999
    with socket.create_server(("127.0.0.1", port), backlog=10) as listener:
        while True:
            link, _ = listener.accept()
            threading.Thread(target=serve, args=[link], daemon=True).start()


main()
