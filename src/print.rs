//! `natter log`: prints a chat log the way users saw the chat at the telnet door.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::chat::event::Event;
use crate::chat::kept::{Kept, Kind};
use crate::chat::rooms::LOBBY_NAME;
use crate::clock::Shown;
use crate::config::Selection;
use crate::door::lang::Lang;
use crate::log::reader::Lines;
use crate::log::{codec, files};
use crate::zone::{Zone, Zones};

/// Output is written in blocks of this size.
const BLOCK_BYTES: usize = 32 * 1024;
/// How long `--follow` waits before it reads again.
const WAIT: Timespec = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };

/// Prints the lines of the log in `dir` that match `selection`.
///
/// # Errors
/// The error of the system, except that the reader of a pipe is gone.
pub fn print(dir: &Path, selection: &Selection, lang: Lang) -> io::Result<()> {
    // In reverse order: the next file is the last element.
    let mut files: Vec<PathBuf> = files::list(dir).into_iter().rev().collect();
    let first = files.pop().ok_or(io::ErrorKind::NotFound)?;
    let mut printer = Printer { selection, lang, zones: Zones::new(), lines: Vec::new() };
    let mut current = Lines::new(File::open(first)?);
    loop {
        printer.print_all(&mut current)?;
        if let Some(next) = files.pop() {
            current = Lines::new(File::open(next)?);
            continue;
        }
        if !printer.flush()? || !selection.follows {
            return Ok(());
        }
        files = newer(dir, current.input())?;
        if files.is_empty() {
            // Ends if the reader of a pipe is gone.
            let stdout = io::stdout();
            if poll(&mut [PollFd::new(&stdout, PollFlags::empty())], Some(&WAIT))? > 0 {
                return Ok(());
            }
        }
        // The rest of a renamed file is printed before the next file.
    }
}

/// Returns the files that are newer than `current`, the next one last.
fn newer(dir: &Path, current: &File) -> io::Result<Vec<PathBuf>> {
    let id = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
    let current = id(current.metadata()?);
    let is_newer = |path: &PathBuf| path.metadata().is_ok_and(|found| id(found) != current);
    if !is_newer(&dir.join(files::NAME)) {
        return Ok(Vec::new());
    }
    Ok(files::list(dir).into_iter().rev().take_while(is_newer).collect::<Vec<_>>())
}

struct Printer<'a> {
    selection: &'a Selection,
    lang: Lang,
    zones: Zones,
    /// Formatted lines that are not written yet.
    lines: Vec<u8>,
}

impl Printer<'_> {
    fn print_all(&mut self, lines: &mut Lines<File>) -> io::Result<()> {
        while let Some(line) = lines.next_line()? {
            if let Some(kept) = codec::decode(line) {
                self.add(&kept);
            }
            if self.lines.len() >= BLOCK_BYTES && !self.flush()? {
                break;
            }
        }
        Ok(())
    }

    fn add(&mut self, kept: &Kept<'_>) {
        let Kept { at, room, kind, name: nick, text } = *kept;
        let is_asked = |wanted: &String| room.is_empty() || room.to_lowercase() == *wanted;
        let is_wanted = at >= self.selection.since
            && self.selection.room.as_ref().is_none_or(is_asked)
            && !matches!(kind, Kind::Mark | Kind::Has | Kind::Here);
        if !is_wanted {
            return;
        }
        let to = &mut self.lines;
        self.zones.begin_line(Zone::LOCAL, at, Shown::Short, true, to);
        if self.selection.room.is_none() && !room.is_empty() && room != LOBBY_NAME {
            to.extend_from_slice(room.as_bytes());
            to.extend_from_slice(b"> ");
        }
        let event = match kind {
            Kind::Acted => Event::Acted { nick, text },
            Kind::Joined => Event::Joined { nick },
            Kind::Left => Event::Left { nick },
            Kind::Renamed => Event::Renamed { old: nick, new: text },
            Kind::Topic => {
                Event::TopicSet { nick, topic: Some(text).filter(|text| !text.is_empty()) }
            }
            Kind::Stop => Event::ShuttingDown,
            Kind::Said | Kind::Start | Kind::Gap | Kind::Mark | Kind::Has | Kind::Here => {
                let words = match kind {
                    Kind::Said => format!("{nick}: {text}"),
                    Kind::Gap => self.lang.not_written(text.split(' ').nth(1).unwrap_or_default()),
                    _ => self.lang.started().to_string(),
                };
                to.extend_from_slice(words.as_bytes());
                return to.push(b'\n');
            }
        };
        self.lang.write(&event, to).expect("writing to memory does not fail");
        to.push(b'\n');
    }

    /// Writes the formatted lines; returns whether anybody still reads them.
    fn flush(&mut self) -> io::Result<bool> {
        let mut stdout = io::stdout().lock();
        let written = stdout.write_all(&self.lines).and_then(|()| stdout.flush());
        self.lines.clear();
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            written => written.map(|()| true),
        }
    }
}
