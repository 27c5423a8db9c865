//! A disk in memory that does what it should, or does not, as dice decide.

use std::cell::RefCell;
use std::io::{Error, ErrorKind, Result};
use std::rc::Rc;

use fastrand::Rng;
use natter::chat::kept::{Kept, Kind};
use natter::log::codec;
use natter::log::writer::Store;

/// Files, the oldest first; the last is written.
pub struct Disk {
    pub files: Vec<Vec<u8>>,
    pub rng: Rng,
    /// It is full, or broken.
    pub is_failing: bool,
    /// One of so many calls takes less than all.
    pub short_every: u8,
    /// What could not be appended whole stays, as with a disk that breaks.
    pub keeps_torn: bool,
    /// Somebody has removed the file.
    pub is_removed: bool,
    pub syncs: usize,
}

/// What the writer has of it.
pub struct Handle(pub Rc<RefCell<Disk>>);

impl Disk {
    pub fn new(seed: u64) -> Rc<RefCell<Self>> {
        Rc::new(RefCell::new(Self {
            files: vec![Vec::new()],
            rng: Rng::with_seed(seed),
            is_failing: false,
            short_every: 0,
            keeps_torn: false,
            is_removed: false,
            syncs: 0,
        }))
    }

    /// Everything that is there.
    pub fn bytes(&self) -> Vec<u8> {
        self.files.concat()
    }

    /// What is told of what happened, and how many lines are told to be missing.
    pub fn told(&self) -> (Vec<String>, u64) {
        let bytes = self.bytes();
        let (mut told, mut missing) = (Vec::new(), 0);
        for line in bytes.split(|&byte| byte == b'\n') {
            match codec::decode(line) {
                Some(Kept { kind: Kind::Gap, text, .. }) => {
                    let lines = text.split(' ').nth(1).expect("it tells how many");
                    missing += lines.parse::<u64>().expect("it is a number");
                }
                Some(kept) if is_event(kept.kind) => told.push(format!("{kept:?}")),
                _ => {}
            }
        }
        (told, missing)
    }
}

/// Whether it is something that happened, and not how things stood.
pub fn is_event(kind: Kind) -> bool {
    !matches!(kind, Kind::Gap | Kind::Mark | Kind::Start | Kind::Has | Kind::Here)
}

impl Store for Handle {
    fn append(&mut self, bytes: &[u8]) -> Result<usize> {
        let disk = &mut *self.0.borrow_mut();
        let is_short = disk.short_every > 0 && disk.rng.u8(..disk.short_every) == 0;
        let count = if is_short || disk.is_failing && disk.rng.bool() {
            disk.rng.usize(..bytes.len())
        } else if disk.is_failing {
            return Err(ErrorKind::StorageFull.into());
        } else {
            bytes.len()
        };
        disk.files.last_mut().expect("there is one").extend_from_slice(&bytes[..count]);
        if count == 0 { Err(ErrorKind::Interrupted.into()) } else { Ok(count) }
    }

    fn take_back(&mut self, bytes: u64) -> Result<()> {
        let disk = &mut *self.0.borrow_mut();
        if disk.keeps_torn {
            return Err(Error::other("broken"));
        }
        let file = disk.files.last_mut().expect("there is one");
        file.truncate(file.len() - usize::try_from(bytes).expect("it was appended"));
        Ok(())
    }

    fn sync(&mut self) -> Result<()> {
        self.0.borrow_mut().syncs += 1;
        Ok(())
    }

    fn reopen(&mut self) -> Result<u64> {
        let disk = &mut *self.0.borrow_mut();
        if disk.is_failing && disk.rng.u8(..4) == 0 {
            return Err(Error::other("broken"));
        }
        if std::mem::take(&mut disk.is_removed) {
            disk.files = vec![Vec::new()];
        }
        Ok(disk.files.last().expect("there is one").len() as u64)
    }

    fn rotate(&mut self) -> Result<()> {
        self.0.borrow_mut().files.push(Vec::new());
        Ok(())
    }

    fn is_removed(&self) -> bool {
        self.0.borrow().is_removed
    }
}
