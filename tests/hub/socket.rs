//! A connection whose other end is the test, and times that the test controls.

use std::cell::RefCell;
use std::io::{self, IoSlice};
use std::rc::Rc;

use natter::clock::{Now, Stamp};
use natter::delivery::outbound::Took;
use natter::hub::Ready;
use natter::hub::conn::Socket;

/// A connection whose other end is the test.
#[derive(Clone, Default)]
pub struct PeerSocket(pub Rc<RefCell<Ends>>);

#[derive(Default)]
pub struct Ends {
    /// Bytes from the peer that are not read yet.
    pub sent: Vec<u8>,
    /// Bytes that it was sent.
    pub heard: Vec<u8>,
    /// The number of write calls.
    pub writes: usize,
    /// The peer sends no more: everything it has sent is read to the end.
    pub is_ended: bool,
    /// The peer is gone, so a write fails: what it has sent can still be read.
    pub is_gone: bool,
    /// The number of bytes that it still accepts; none means no limit.
    pub room: Option<usize>,
}

impl Socket for PeerSocket {
    fn wake(&mut self, _: Ready) {}

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Took> {
        let mut ends = self.0.borrow_mut();
        let sent = std::mem::take(&mut ends.sent);
        buffer[..sent.len()].copy_from_slice(&sent);
        let has_end = ends.is_ended || ends.is_gone;
        Ok(Took { bytes: sent.len(), drained: !has_end })
    }

    fn write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<Took> {
        let mut ends = self.0.borrow_mut();
        if ends.is_gone {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        if ends.room == Some(0) {
            return Ok(Took { bytes: 0, drained: true });
        }
        ends.writes += 1;
        let offered: Vec<u8> = slices.iter().flat_map(|slice| slice.to_vec()).collect();
        let bytes = offered.len().min(ends.room.unwrap_or(usize::MAX));
        ends.heard.extend_from_slice(&offered[..bytes]);
        ends.room = ends.room.map(|room| room - bytes);
        Ok(Took { bytes, drained: bytes < offered.len() })
    }

    fn end_writing(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub fn at(mono_ms: u64) -> Now {
    Now { mono_ms, stamp: Stamp { unix_ms: 1_700_000_000_000 } }
}
