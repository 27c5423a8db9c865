//! natter: a multi-user chat server on one thread.
//!
//! One process, one thread, one [`mio::Poll`]. This page describes how a line travels from one
//! socket to all others, which rules hold on the way, and why it is built like this.
//!
//! # Where a line goes
//!
//! ```text
//!  socket ─► door ─────► command ─► chat ─► effects ─► tapes ─────► outbound ─► socket
//!  net/      door/       chat/      chat/   hub/post   delivery/    delivery/   net/
//!            hub/read    command                       tapes        hub/write
//! ```
//!
//! 1. [`net::server`] waits for events. An event only sets readiness bits in the [`hub`] and queues
//!    the slot of the connection; then the hub takes one bounded *turn*: timers, reads, writes,
//!    removals.
//! 2. Reading (`hub/read.rs`) makes one read from each queued connection. The protocol spoken at
//!    its *door* ([`door::protocol::Protocol`]) decodes the bytes into lines, makes them safe to
//!    show ([`text`]), and parses each into a command ([`chat::command::Command`]).
//! 3. The [`chat`] is pure state, a fold over its entries. A command is *proposed*: it is either
//!    answered to its author alone, or becomes an [`Entry`](chat::entry::Entry), which is *committed*.
//!    [`Effect`](chat::event::Effect)s come out one by one through a callback. They borrow their text,
//!    so saying a line allocates nothing.
//! 4. [`hub::post`] carries effects out. An event for a room is encoded once for each format that
//!    somebody there reads, and appended to that *tape* ([`delivery::tapes`]). An event for one
//!    person goes into that connection's own buffer ([`delivery::outbound`]). No socket is touched.
//! 5. Writing (`hub/write.rs`) sweeps over the connections that have bytes to send, and sends each
//!    of them everything it lacks in one call.
//!
//! # A room is a tape, a connection is a position on it
//!
//! There is no queue for each member of a room. Saying something costs one append and one OR over a
//! bitmap of slots, however many people are there; it cannot fail, block or recurse. A flush moves
//! a connection's position past everything said since the last one. So the busier a room is, the
//! larger the batches are, and the less each delivered line costs. `cargo bench --bench turn`
//! measures it.
//!
//! * A tape is a sequence of *records*, and knows where each one ends ([`delivery::tape`]). Nothing
//!   searches its bytes for line ends: a WebSocket header may contain one, and telnet lines end in
//!   a prompt.
//! * Tapes live in a slab. The one for a room and a format is opened for its first follower and
//!   closed after its last one, so an empty room costs nothing. Few followers are a list, many are a
//!   bitmap ([`group`]).
//! * When every follower has been sent everything, a tape holds no bytes. Otherwise each of its
//!   chunks counts the positions in it, and the front chunk is dropped when its count reaches zero.
//!   No search is needed.
//! * A connection follows no tape, one (stored inline) or several (boxed, 8 bytes each).
//! * The bytes queued for everybody, and whether a room is congested, are running totals: a busy
//!   room does not slow down the others.
//!
//! One primitive keeps the order exact. [`Outbound::settle`](delivery::outbound::Outbound::settle)
//! copies what a connection lacks of its tapes into its own buffer, and returns the
//! [`Settled`](delivery::outbound::Settled) connection, the only type with a `push`: so the
//! compiler ensures that nothing overtakes what was said before. If somebody must not see a line
//! (its author, or a user who ignores the author), that connection is settled, the line is
//! appended, and the connection's position is moved past it.
//!
//! *Copying defines the behaviour; sharing is an optimisation for the many who see the same bytes.*
//! So a model that copies every line to everyone is an exact oracle: `tests/sim.rs` compares the
//! hub with it, byte for byte, in a seeded simulation.
//!
//! # Doors
//!
//! A door is a listener together with the protocol spoken there. Only `door/protocol.rs` tells the
//! kinds of doors apart; the hub, the delivery code and the chat ask a [`Protocol`] what they need:
//!
//! * its [`Format`]: how the lines of a room look to this client. Clients with equal formats share a
//!   tape. At the telnet door a format is a character set, a language, a time zone ([`zone`]), how much of
//!   the time is shown, what the terminal can do and how wide it is; changing one of these moves the
//!   connection to another tape.
//! * its [`Delivery`]: shared with others, copied (natter edits this user's half-typed line, so
//!   messages are shown above it), or paced. The article's client does no framing and compares
//!   whole reads with `OK` and `exit`, so it is sent at most one read's worth at a time, with
//!   pauses between.
//! * its replies: telnet negotiation and echo are not effects of the chat. They are queued behind
//!   what was said before.
//!
//! [`Protocol`]: door::protocol::Protocol
//! [`Format`]: door::protocol::Format
//! [`Delivery`]: door::protocol::Delivery
//!
//! What a door or the hub has to say about itself (a charset, a skipped line, a wrong protocol) is
//! a [`Notice`](door::notice::Notice), not an event of the chat.
//!
//! A connection at either door whose first line is `json -p` is a program's: its protocol becomes
//! [`Protocol::Json`](door::protocol::Protocol), with a format of its own. The answer to a
//! program's command carries the command's tag, so it is encoded for the connection; a record on a
//! tape never names its reader. `docs/protocol.md` specifies it.
//!
//! A new door is a folder in `door/`, a variant of [`Protocol`] and of its format, a line in
//! [`door::DoorKind`] and in the option table, and its notices with their texts in `door/lang/`.
//!
//! # The chat is a fold over its entries
//!
//! * The same entries in the same order make the same chat on any machine. So an entry carries who, when,
//!   where and what; [`Chat::commit`](chat::Chat::commit) reads no clock, and names are hashed with fixed
//!   keys. The simulation feeds a second chat with nothing but the entries, and compares the two.
//! * A user is a connection on some node ([`ids::UserId`]). Only the hub turns one into a connection.
//! * Summaries of joins and leaves are presentation, made for each room and on each machine.
//! * A room ends when the last person leaves it; its history remains. One budget serves all rooms,
//!   and the rooms that were quiet longest lose lines first.
//!
//! # What is kept on disk
//!
//! With `--state`, the chat emits an [`Effect::Keep`] for everything that it commits: a line of the
//! [`log`](mod@log). The hub writes the lines of a turn in one call, after reading and before sending, so
//! nothing is sent that is not written. If the disk fails, the chat continues and the lines are counted. On
//! start the chat is [rebuilt](chat::restore) from the end of the log; line numbers continue, in a new epoch.
//!
//! [`Effect::Keep`]: chat::event::Effect::Keep
//!
//! # A slow reader costs nobody else anything
//!
//! * A connection that is blocked and more than `lag_soft_bytes` behind is not read, and what
//!   others say is skipped for it: room lines as well as private ones. One notice gives their
//!   number. It is closed when more than `lag_hard_bytes` are queued for it alone, or when it has
//!   accepted nothing for `stall_secs`; the diagnostics give the reason.
//! * A connection that is behind while its socket is writable is *our* fault. It is still read, it
//!   is flushed, and nothing is skipped for it; what is said meanwhile makes its next batch larger.
//!   If a tape is full because the sweep has not come round yet, input from that room waits; if a
//!   connection's own buffer fills up because many whisper to it, it is flushed before anything
//!   else is read. Only a paced client has lines skipped here too: it is behind because of its
//!   pauses, which must not hold up others.
//! * A peer that sends too fast is not read ([`hub::allowance`]), so none of its lines is lost.
//! * When all queues together exceed `queued_bytes`, connections are closed in order of weight: the
//!   bytes queued for each, times how long it has accepted nothing. A slow reader outlives one that
//!   reads nothing.
//!
//! # Invariants
//!
//! `tests/tidy.rs` searches the source for violations, or the hub asserts them after each turn in
//! debug builds.
//!
//! * mio appears only in [`net`] and in the outer parts of the `client`, a program of its own: its
//!   `net`, its `pipe` and its terminal. The clock is read only in `net` and `client/net`. The hub
//!   is generic over the socket; readiness and the time ([`clock::Now`]) are passed in. The
//!   client's `core` makes no system calls either, and uses no other part of the client.
//! * Only the socket knows what a short read or write means; it reports the number of bytes and
//!   whether it is drained. On Linux a short read means drained and saves a call; but not before
//!   urgent data, not if the end of the input came along, and not on a Unix socket, where a read
//!   also ends behind a passed descriptor.
//! * No threads, locks, shared cells, `unsafe`, or iteration in random order.
//! * The chat names no door, no bytes and no connection.
//! * Ids cross modules, references do not ([`ids::PeerId`]: slot and generation; [`ids::UserId`]: node
//!   and peer). A stale id finds nothing.
//! * A socket error ends that connection and nothing else. Input from a peer cannot panic, allocate
//!   without bound, or cost another peer.
//! * Events are edge-triggered. A readiness bit is cleared only by a socket that says it is
//!   drained. Every connection with a bit set and work to do is in a queue, and Poll does not block
//!   while a queue is not empty.
//! * Slots are emptied only at the end of a turn, so no event can reach a slot's next connection.
//! * An idle server makes no system call. The only timers are those of connections that wait for
//!   something, and of telnet clients, which are sent a NOP a minute.
//!
//! # Where the first design was changed, and what showed it
//!
//! * Deadlines are an ordered set with one entry per slot ([`hub::timers`]), not a heap: an entry
//!   can be moved earlier in place, where a heap would pile up stale ones (two a second for a
//!   slowed peer).
//! * Queues of slots are bitmaps, not lists of ids: a slot is in at most once without a flag, the
//!   sweep goes in slab order, and a room of 1,000,000 costs 125 KB and one OR per 64 members. They
//!   have three levels, because a sweep over a few slots among a million spent its time finding the
//!   next.
//! * With many rooms, cache misses are the cost, not instructions. With 100,000 rooms of ten, a
//!   delivered line took 454 ns: 100 for the first access to each connection, which sixteen flushes
//!   now do together (`hub/write.rs`), and 250 for finding a room's history, which its room now
//!   refers to and which is one piece of memory ([`chat::history`]). It takes 143 (`cargo bench
//!   --bench turn`).
//! * Effects go out through a callback and borrow; a list of them would own their text.
//! * `hub/post.rs` is part of the hub, not of `delivery/`: it needs connections, and the delivery code
//!   must not depend on them, or the two folders would form a cycle.
//! * A tape is rewound when all its readers are at its head. Keeping the last chunk until it is full
//!   would cost 16 KiB for each quiet room and format.
//! * The times in a connection's states take six bytes each and are unaligned
//!   ([`hub::conn::Moment`]): with `u64` they would have added 24 bytes to each connection.
//! * A stalled connection whose socket is writable again is not closed: this process did not run in
//!   the meantime. (Found by the simulation, when time jumped.)
//! * A paced client gets 20 ms of silence after each portion, 60 ms after a read's worth without
//!   one, and 200 ms around `OK` *and* `exit`: two writes that meet in its buffer would be cut in
//!   the middle of a character, or hide the word. The rest of a line that is longer than a read is
//!   marked, or it could pass for a line of its own.
//! * `/ignore` needs no copies: a line is withheld from several people in the same way as from its
//!   own author.
//! * "Send no telnet byte to a peer that has sent none" is not enough for Chinese: GNU telnet looks
//!   at seven bits until BINARY is agreed on, and sends commands where characters have such bytes.
//!   Those commands are the first it sends, so BINARY is requested then, and the bytes that it
//!   mistook for keys are put back (`door::telnet::decoder`).
//! * Nothing holds writes back to make batches larger: under load they grow by themselves, because
//!   reads and short sweeps alternate. Measured under a window of 320 lines: whole rounds of 1,000
//!   writes between reads make a line cost half as much again; pauses of 1 to 4 ms, Nagle's
//!   algorithm, and sendfile(2) from a tape in page cache gain nothing (up to 20 KB, the bytes cost
//!   next to nothing compared with the call).
//! * A summary of joins and leaves omits people who came and went within its second, and names
//!   those who left before those who joined: otherwise people who are back would seem to have left.

pub mod bucket;
pub mod chat;
#[cfg(feature = "client")]
pub mod client;
pub mod clock;
pub mod config;
pub mod delivery;
pub mod diagnostics;
pub mod door;
pub mod editor;
pub mod group;
pub mod hub;
pub mod ids;
#[cfg(any(feature = "client", feature = "json"))]
pub mod json;
pub mod keys;
pub mod limits;
pub mod log;
pub mod log_limit;
pub mod net;
#[cfg(feature = "state")]
pub mod print;
pub mod rows;
pub mod slots;
pub mod text;
pub mod zone;
