//! Tests the ledger with known faults, before it checks a server's lines.
use crate::fault::{Fault, Result};
use crate::ledger::{Ledger, Opening, Place, Watch};
use crate::payload::{self, Id, Payload};
use crate::wire::Wire;

/// Checks that every kind of fault is found, and that a correct run has none.
pub fn self_check() -> Result<()> {
    one_room()?;
    two_rooms()
}

/// Checks that a message counts as delivered in its own room, and is a fault in another.
fn two_rooms() -> Result<()> {
    let mut ledger = Ledger::open(Opening {
        wire: Wire::Classic,
        line_end: b"\r\n",
        payload_bytes: payload::LEAST_BYTES,
        line_bytes: 0,
        senders: vec!["c00000".to_owned(), "c00001".to_owned()],
        rooms: 2,
        audience: 5,
        strict: 5,
        each_sender: 0,
    })?;
    let mut lines = [b"[2026-11-23 09:11:38] c00000:".to_vec(), Vec::new()];
    lines[1].extend_from_slice(b"[2026-11-23 09:11:38] c00001:");
    for (sender, line) in lines.iter_mut().enumerate() {
        ledger.issue(sender, 0, &mut Vec::new())?;
        Payload::new(payload::LEAST_BYTES)?.write(Id { sender, number: 0 }, line);
        line.extend_from_slice(b"\r\n");
    }
    let mut places = [0, 1, 2, 3, 4].map(|who| Place::new(who, Watch::Strict));
    for place in &mut places {
        ledger.take(place, &lines[place.who % 2]);
    }
    if ledger.faults.any() || ledger.under_way() > 0 || ledger.delivered != 5 {
        return Err(format!("ledger: two rooms are misjudged: {}", ledger.faults).into());
    }
    ledger.take(&mut places[2], &lines[1]);
    if ledger.faults.strayed != 1 {
        return Err("ledger: a line of another room goes unnoticed".into());
    }
    Ok(())
}

fn one_room() -> Result<()> {
    let line = |number| {
        let mut out = Vec::new();
        let payload = Payload::new(payload::LEAST_BYTES)?;
        out.extend_from_slice(b"[2026-11-23 09:11:38] c00000:");
        payload.write(Id { sender: 0, number }, &mut out);
        out.extend_from_slice(b"\r\n");
        Ok::<_, Fault>(out)
    };
    let lines = [line(0)?, line(1)?, line(2)?];
    let flipped = [&lines[0][..40], b"!", &lines[0][41..]].concat();
    let bare_end = [&lines[0][..lines[0].len() - 2], b"\n"].concat();
    let skip = b"[2026-11-23 09:11:38] system: 3 lines skipped\r\n".to_vec();
    let heard: [(&str, Vec<u8>); 7] = [
        ("0 lost, 0 repeated, 0 out of order, 0 damaged, 0 skip", lines.concat()),
        ("1 lost", [&lines[0][..], &lines[2]].concat()),
        ("1 repeated", [&lines[0][..], &lines[0], &lines[1], &lines[2]].concat()),
        ("1 lost, 1 repeated", [&lines[0][..], &lines[2], &lines[1]].concat()),
        ("1 damaged", [&flipped[..], &lines[1], &lines[2]].concat()),
        ("1 damaged", [&bare_end[..], &lines[1], &lines[2]].concat()),
        ("1 skip notices", [&skip[..], &lines.concat()].concat()),
    ];
    for (expected, heard) in heard {
        let mut ledger = Ledger::open(Opening {
            wire: Wire::Classic,
            line_end: b"\r\n",
            payload_bytes: payload::LEAST_BYTES,
            line_bytes: 0,
            senders: vec!["c00000".to_owned()],
            rooms: 1,
            audience: 2,
            strict: 2,
            each_sender: 0,
        })?;
        for _ in 0..3 {
            ledger.issue(0, 0, &mut Vec::new())?;
        }
        let mut places = [0, 1].map(|who| Place::new(who, Watch::Strict));
        ledger.take(&mut places[0], &lines.concat());
        // Cut at the worst place: the rest of a line arrives with the next read.
        let (early, late) = heard.split_at(heard.len() - 11);
        let used = ledger.take(&mut places[1], early);
        ledger.take(&mut places[1], &[&early[used..], late].concat());
        if !ledger.faults.to_string().contains(expected) {
            return Err(format!("ledger: {expected} expected, found {}", ledger.faults).into());
        }
    }
    Ok(())
}
