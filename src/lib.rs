//! natter: a multi-user chat server on one thread.
//!
//! One process, one thread, one [`mio::Poll`]. This page tells how a line travels from one socket to
//! all others, what holds on the way, and why it is built like this.
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
//! 2. Reading (`hub/read.rs`) takes one read from each connection that is queued. What is spoken at
//!    a *door* ([`door::protocol::Protocol`]) turns the bytes into lines, makes them safe to show
//!    ([`text`]), and says what they ask for ([`chat::command::Command`]).
//! 3. The [`chat`] is pure state, a fold over its entries. A command is *proposed*: it is either
//!    answered to its author alone, or becomes an [`Entry`](chat::entry::Entry), which is *committed*.
//!    [`Effect`](chat::event::Effect)s come out one by one through a callback. They borrow what they
//!    tell of, so a line that is said allocates nothing.
//! 4. [`hub::post`] carries effects out. What a room is told is encoded once for each format that
//!    somebody there reads, and appended to that *tape* ([`delivery::tapes`]). What one person is
//!    told goes into that connection's own buffer ([`delivery::outbound`]). No socket is touched.
//! 5. Writing (`hub/write.rs`) sweeps over the connections that have something to be sent, and sends
//!    each of them all that it lacks in one call.
//!
//! # A room is a tape, a connection is a position on it
//!
//! There is no queue for each member of a room. Saying something costs one append and one OR over a
//! bitmap of slots, however many people are there; it cannot fail, block or recurse. A connection's
//! position moves when it is written to, and takes along everything said since. So the busier a room
//! is, the larger the batches are, and the less each delivered line costs. `cargo bench --bench turn`
//! measures it.
//!
//! * A tape is a sequence of *records*, and knows where each one ends ([`delivery::tape`]). Nothing
//!   looks for line ends in its bytes: a WebSocket header may contain one, and telnet lines end in a
//!   prompt.
//! * Tapes live in a slab. The one for a room and a format is opened for its first follower and
//!   closed after its last one, so an empty room costs nothing. Few followers are a list, many are a
//!   bitmap ([`group`]).
//! * When every follower has been sent everything, a tape holds nothing. Otherwise each of its chunks
//!   counts the positions in it, and the front one goes when its count comes to zero. Nobody is
//!   searched for.
//! * A connection follows no tape, one (stored inline) or several (boxed, 8 bytes each).
//! * What is queued for everybody, and whether a room is congested, are running totals: a loud room
//!   does not slow down the others.
//!
//! One primitive keeps the order exact. [`Outbound::settle`](delivery::outbound::Outbound::settle)
//! copies what a connection lacks of its tapes into its own buffer, and returns the
//! [`Settled`](delivery::outbound::Settled) connection, which alone has `push`: the compiler sees to
//! it that nothing overtakes what was said before. A line that somebody must not see (its author, or
//! who ignores the author) settles that connection, is appended, and the connection is moved past it.
//!
//! *Copying defines the behaviour; sharing is an optimisation for the many who see the same bytes.* So
//! a model that copies every line to everyone is an exact oracle: `tests/sim.rs` holds the hub
//! against it, byte for byte, under seeded simulation.
//!
//! # Doors
//!
//! A door is a listener together with the protocol spoken there. Only `door/protocol.rs` tells the
//! kinds of doors apart; the hub, the delivery code and the chat ask a [`Protocol`] what they need:
//!
//! * its [`Format`]: how the lines of a room look to this client. Clients with equal formats share a
//!   tape. At the telnet door a format is a character set, a language, a time zone ([`zone`]), how much of
//!   the time is shown, and what the terminal can do; whoever changes one of these changes the tape.
//! * its [`Delivery`]: shared with others, copied (natter edits the half-typed line of this person, so
//!   what is said is shown above it), or paced. The article's client frames nothing and compares whole
//!   reads with `OK` and `exit`, so it is sent at most one read's worth at a time, with pauses between.
//! * its replies: telnet negotiation and echo are no effects of the chat. They are queued behind what
//!   was said before.
//!
//! [`Protocol`]: door::protocol::Protocol
//! [`Format`]: door::protocol::Format
//! [`Delivery`]: door::protocol::Delivery
//!
//! What a door or the hub has to say about itself (a charset, a skipped line, a wrong protocol) is a
//! [`Notice`](door::notice::Notice), and no event of the chat.
//!
//! A connection at either door whose first line is `json -p` is one for programs: its protocol becomes
//! [`Protocol::Json`](door::protocol::Protocol), with a format of its own. What a program is told in answer
//! to a command carries the command's tag, so it is encoded by the connection; a record on a tape never
//! names its reader. `docs/protocol.md` specifies it.
//!
//! A tenth door is a folder in `door/`, a variant of [`Protocol`] and of its format, a line in
//! [`door::DoorKind`] and in the option table, and its notices with their texts in `door/lang/`.
//!
//! # The chat is a fold over its entries
//!
//! * The same entries in the same order make the same chat on any machine. So an entry carries who, when,
//!   where and what; [`Chat::commit`](chat::Chat::commit) reads no clock, and names are hashed with fixed
//!   keys. The simulation feeds a second chat with nothing but the entries, and compares the two.
//! * A user is a connection on some node ([`ids::UserId`]). Only the hub turns one into a connection.
//! * How joins and leaves are summed up is presentation, done for each room and on each machine.
//! * A room ends with the last person in it, but not its history: one budget serves all rooms, and the
//!   rooms that were quiet longest give first.
//!
//! # What is kept on disk
//!
//! With `--state`, the chat tells of everything that it commits as [`Effect::Keep`], a line of the
//! [`log`](mod@log). The hub writes the lines of a turn in one call, between reading and sending, so nobody
//! has seen what is not written. The chat never waits for a disk that fails. On start the chat is
//! [rebuilt](chat::restore) from the end of the log; the numbers of lines go on, under a new epoch.
//!
//! [`Effect::Keep`]: chat::event::Effect::Keep
//!
//! # Nobody's slowness costs anybody else
//!
//! * A reader that is blocked and more than `lag_soft_bytes` behind is not read, and what others say is
//!   skipped for it: room lines as well as private ones. One notice says how many. More than
//!   `lag_hard_bytes` of its own, or nothing accepted for `stall_secs`: it is closed, and the
//!   diagnostics say why.
//! * A reader that is behind while its socket is writable is *our* fault. It is still read, it is
//!   flushed, and it never has anything skipped; what is said meanwhile makes its next batch larger. If
//!   a tape is full because the sweep has not come round yet, people in that room wait; if somebody's
//!   own buffer fills up because many whisper to it, it is flushed before anything else is read. Only a
//!   paced client is skipped here too: it is behind because of its pauses, which must hold up nobody.
//! * A peer that sends too fast is not read ([`hub::allowance`]), so nothing that it says is lost.
//! * When all queues together exceed `queued_bytes`, connections are closed by the bytes queued for them
//!   times how long they have accepted nothing. Somebody who reads slowly outlives those who read
//!   nothing.
//!
//! # Invariants
//!
//! `tests/tidy.rs` looks in the source for what would break them, or the hub asserts them after each
//! turn in debug builds.
//!
//! * mio appears only in [`net`] and in the outer parts of the `client`, a program of its own: its
//!   `net`, its `pipe` and its terminal. The clock is read only in `net` and `client/net`. The hub is
//!   generic over the socket, and is handed readiness and the moment ([`clock::Now`]). The client's
//!   `core` knows no system either, and uses no other part of the client.
//! * What a short read or write means is known to the socket alone, which reports how much it took and
//!   whether it is drained. On Linux a short read means drained and saves a call; but not before urgent
//!   data, not if the end of the input came along, and not on a Unix socket, where a read also ends
//!   behind a passed descriptor.
//! * No threads, locks, shared cells, `unsafe`, or iteration in random order.
//! * The chat names no door, no bytes and no connection.
//! * Ids cross modules, references do not ([`ids::PeerId`]: slot and generation; [`ids::UserId`]: node
//!   and peer). A stale id finds nothing.
//! * A socket error ends that connection and nothing else. What a peer sends cannot panic, allocate
//!   without bound, or cost another peer.
//! * Events are edge-triggered. A readiness bit is cleared only by a socket that says it is drained.
//!   Whoever has a bit set and work to do is in a queue, and Poll does not wait while a queue has
//!   somebody.
//! * Slots are emptied only at the end of a turn, so no event can reach a slot's next connection.
//! * An idle server makes no system call. The only timers are those of connections that wait for
//!   something, and of telnet clients, which are sent a NOP a minute.
//!
//! # Where the blueprint was changed, and what showed it
//!
//! * Deadlines are an ordered set with one entry a slot ([`hub::timers`]), not a heap: an entry can be
//!   moved earlier in place, where a heap would pile up stale ones (two a second for a slowed peer).
//! * Queues of slots are bitmaps, not lists of ids: a slot is in at most once without a flag, the sweep
//!   goes in slab order, and a room of 1,000,000 costs 125 KB and one OR per 64 members.
//!   Three levels deep, because a sweep over few among a million spent its time finding the next.
//! * Among many rooms, cache misses are what costs, not instructions. Of 100,000 rooms of ten, a
//!   delivered line took 454 ns: 100 for the first look at each connection, which sixteen flushes now do
//!   together (`hub/write.rs`), and 250 for finding a room's history, which its room now knows and which
//!   is one piece of memory ([`chat::history`]). It takes 143 (`cargo bench --bench turn`).
//! * Effects go out through a callback and borrow; a list of them would own their text.
//! * `hub/post.rs` is part of the hub, not of `delivery/`: it needs connections, and the delivery code
//!   must not know them, or the two folders would form a cycle.
//! * A tape is rewound when all its readers are at its head. Keeping the last chunk until it is full
//!   would cost 16 KiB for each quiet room and format.
//! * The times in a connection's states take six bytes each and are unaligned
//!   ([`hub::conn::Moment`]): with `u64` they would have added 24 bytes to each connection.
//! * A stalled connection whose socket is writable again is not closed: it was this process that did
//!   not run. (Found by the simulation, when time jumped.)
//! * A paced client gets 20 ms of silence after each portion, 60 ms after a read's worth without one,
//!   and 200 ms around `OK` *and* `exit`: two writes that meet in its buffer would be cut in the middle
//!   of a character, or hide the word. What continues a line that is longer than a read is marked, or it
//!   could pass for a line.
//! * `/ignore` needs no copies: a line is kept from several people as it is kept from its own author.
//! * "No byte of telnet to a peer that has sent none" is not all that Chinese needs: GNU telnet looks at
//!   seven bits until BINARY is agreed on, and sends commands where characters have such bytes. Those
//!   commands are the first it sends, so BINARY is asked for then, and the bytes that were taken for
//!   keys are put back (`door::telnet::decoder`).
//! * Nothing holds writes back to make batches larger: under load they grow by themselves, because reads
//!   and short sweeps alternate. Measured under a window of 320 lines: whole rounds of 1,000 writes
//!   between reads make a line cost half as much again; pauses of 1 to 4 ms, Nagle's algorithm, and
//!   sendfile(2) from a tape in page cache gain nothing (up to 20 KB, the bytes cost next to nothing
//!   beside the call).
//! * A summary of joins and leaves leaves out who came and went within its second, and names the people
//!   who left before those who joined: otherwise people who are back would seem to have left.

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
pub mod net;
pub mod print;
pub mod slots;
pub mod text;
pub mod zone;
