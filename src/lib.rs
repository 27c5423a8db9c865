//! natter: a chat room on one thread.
//!
//! One process, one thread, one [`mio::Poll`]. This page tells where a line goes from socket to
//! socket, what holds on its way, and why it is so.
//!
//! # Where a line goes
//!
//! ```text
//!  socket ─► decoder ─► command ─► chat ─► effects ─► tapes ────► outbound ─► socket
//!  server    door/      command    chat/   chat/event  post, tape  outbound    hub/write
//!  hub/read                                                        pace
//! ```
//!
//! 1. [`net::server`] waits for events. An event only sets readiness bits in the [`hub`] and queues the
//!    slot; then the hub takes one bounded *turn*: timers, reads, flushes, removals.
//! 2. Hearing (`hub/read.rs`): one read a peer, cut into lines by its decoder ([`door::classic`]
//!    over [`door::line`], or [`door::telnet`]), made safe to show by [`text`], understood by
//!    [`chat::command`].
//! 3. The [`chat`] is pure state: names, the room, comings and goings. A command and a moment go
//!    in, [`chat::event::Effect`]s come out, one by one, through a callback: what they tell of is
//!    borrowed, so a said line allocates nothing.
//! 4. [`hub::post`] carries effects out. What a room hears is encoded once and appended to the room's
//!    *tape*; what one person hears goes to that person's *own* bytes. No socket is touched.
//! 5. Telling (`hub/write.rs`): a sweep over the slab writes to each peer all that it lacks, in
//!    one call ([`delivery::outbound`]; [`hub::pace`] for clients that frame nothing).
//!
//! # The room is a tape, a connection is a place on it
//!
//! There is no queue for each member. Saying something is one append and one OR over a bitmap of
//! slots ([`delivery::slots`]), however many listen; it cannot fail, block or recurse. A member's place
//! moves when it is written to, and takes along everything said since: the busier the room, the
//! larger the batches, the cheaper each delivered line. `cargo bench --bench turn` measures it.
//!
//! Order is kept by one primitive, [`delivery::outbound::Outbound::settle`]: it copies what a member lacks of
//! the tape into its own bytes. A private reply settles, then pushes. A line that its author must
//! not see settles the author, appends, and moves the author past it. A leave settles, then gives
//! up the place. Copying is the definition and sharing the optimisation, so a model that copies
//! every line to everyone is an exact oracle: `tests/sim.rs` holds the hub against one, byte for
//! byte, under seeded simulation.
//!
//! A chunk of the tape counts the places in it ([`delivery::tape`]) and goes when the front one has none, so
//! nobody is searched for. A place is always behind a line end or at the head between calls: what a
//! partial write leaves of a line moves to the member's own bytes. So lines can be skipped, counted and
//! copied whole.
//!
//! # Two doors, one room
//!
//! What lines look like to a client is its [`door::Wire`]; each has a tape of its own in the room,
//! on which nothing is written while nobody follows it. At the classic door all see the same. At
//! the telnet door a wire is a character set, how much of the time is shown and what the terminal
//! can do ([`door::telnet::view`]); who changes one of them changes the tape ([`hub::post::Post::rewire`]).
//! So a room of GBK terminals costs what a room of others costs.
//!
//! A prompt belongs to the line before it, and the next line takes its row ([`door::telnet::encode`]):
//! so lines with prompts are shared, too. Only where the line that is typed is edited here is
//! anything kept for one person: what was said is settled, the typed line taken off the terminal
//! before it and drawn again behind it ([`door::telnet::editing`], [`hub::pace`]).
//!
//! Answers of the telnet protocol and echoes are no effects of the chat: the decoder hands them out
//! beside its lines, and they are queued behind what was said before ([`hub::post::Post::answer`]).
//!
//! # Nobody's slowness costs anybody else
//!
//! * Behind by more than `lag_soft_bytes` and blocked: not listened to, and room lines are skipped;
//!   one notice says how many. Its own bytes over `lag_hard_bytes`, or nothing accepted for
//!   `stall_secs`: closed, with the reason in the log.
//! * Behind while its socket is writable is *our* fault: it is heard on, flushed, and never skipped;
//!   what is said while a sweep is on its way makes the next one's batches larger. If a tape is
//!   full because the sweep has not come round yet ([`hub::post::Post::is_congested`]), or somebody's
//!   own bytes pile up because many whisper to it, or because what it lacked of the tape was
//!   settled ([`hub::peers::Peers::overfull`]), nothing more is heard until they are written out. Only an
//!   unframed client is skipped here, too: it is behind because of its pauses, which must hold up
//!   nobody.
//! * Too fast: not read ([`hub::conn::Bucket`]), so nothing it said is lost.
//! * All queues together over `queued_bytes`: the largest is closed.
//!
//! # Invariants
//!
//! `tests/tidy.rs` looks in the source for what would break them, or the hub asserts them after each
//! turn in debug builds.
//!
//! * mio is known to [`net::server`] and [`net::signals`] alone (and to the `client`, a program of its own
//!   beside the server), and only they read the clock. The hub is generic over the socket and is
//!   handed readiness and the moment ([`clock::Now`]).
//! * No thread, no lock, no shared cell, no `unsafe`. No map of random order.
//! * The chat names no wire, no bytes, no connection.
//! * Ids cross modules, never references ([`ids::PeerId`]: slot and birth number); a stale one finds
//!   nothing. A user has the id of its connection, so no map between the two can go wrong.
//! * A socket's error is that connection's doom and nothing else. What a peer sends cannot panic,
//!   allocate without bound, or cost another peer.
//! * Edge-triggered readiness is cleared only by `WouldBlock` or a short read or write, which on
//!   Linux means the same and saves the call: but a read also ends short before urgent data, and
//!   an end that came along is told of once only ([`hub::conn::Conn::is_drained_by_short_read`]).
//!   Whoever has a bit set and work to do is in a queue, and Poll does not wait while a queue has
//!   somebody.
//! * Slots are emptied only at the end of a turn, so no event can reach a slot's next peer.
//! * An idle server makes no system call: the only timers are those of peers that wait for
//!   something, and of clients that speak telnet, which are sent a NOP a minute.
//!
//! # Where the blueprint was changed
//!
//! * Deadlines are an ordered set, one entry a slot ([`hub::timers`]), not a heap: an entry can be moved
//!   earlier in place, where a heap would pile up stale ones (two a second for a slowed peer).
//! * Queues of slots are bitmaps, not lists of ids: a slot is in at most once without a flag, the
//!   sweep goes in slab order, and a room of 1,000,000 costs 125 KB and one OR per 64 members.
//! * Effects go out through a callback and borrow; a list of them would own their text.
//! * A stalled peer whose socket is writable again is not closed: it was this process that did not
//!   run. (Found by the simulation, when time jumped.)
//! * An unframed client is sent at most one read's worth at a time with a pause of 20 ms (60 ms when
//!   a read's worth has gone out without one), and 200 ms of silence around `OK` *and* `exit`: two
//!   writes that meet in its buffer would be cut in the middle of a character, or hide the word.
//!   What continues a line that is longer than a read is marked, or it could pass for a line.
//! * A short read does not always mean drained; see the invariant above.
//! * `/ignore` needs no copies: a line is kept from several as it is kept from its own author.
//! * "No byte of telnet to a peer that has sent none" is not all that Chinese needs: GNU's telnet
//!   looks at seven bits until BINARY is agreed on, and sends commands where characters have such
//!   bytes. Those commands are the first it sends, so BINARY is asked for then, and the bytes that
//!   were taken for keys are put back (`door::telnet::decoder`).
//! * Nothing holds flushes back to make batches larger: under load they grow by themselves, because
//!   reads and short sweeps alternate. Measured under a window of 320 lines: whole rounds of 1,000
//!   flushes between reads make a line half as dear again; pauses of 1 to 4 ms, Nagle's algorithm,
//!   and sendfile(2) from a tape in page cache gain nothing (up to 20 KB, the bytes cost next to
//!   nothing beside the call).
//! * A summary of comings and goings leaves out who came and went within its second, and tells of
//!   the gone before the come: names would otherwise seem to have left that are back.

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
pub mod limits;
pub mod net;
pub mod slots;
pub mod text;
