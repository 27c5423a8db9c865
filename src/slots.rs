//! A set of slots as a bitmap: one bit per connection, visited in slab order.
//!
//! Queueing everyone in a room for a flush is one OR per 64 members, and the sweep that follows
//! walks the slab front to back, which suits the cache.

/// A set of slots of the slab, in order.
#[derive(Clone, Debug, Default)]
pub struct SlotSet {
    words: Vec<u64>,
    /// One bit for each word of `words` that is not 0, so that a sparse set is walked quickly.
    summary: Vec<u64>,
    /// The same for `summary`: among a million slots the next is found in a few steps.
    digest: Vec<u64>,
}

impl SlotSet {
    /// Adds `slot`; adding it twice is the same as once.
    pub fn insert(&mut self, slot: usize) {
        let word = slot / 64;
        if word >= self.words.len() {
            self.resize(word + 1);
        }
        self.add(word, 1 << (slot % 64));
    }

    /// Removes `slot`, if it is a member.
    pub fn remove(&mut self, slot: usize) {
        let word = slot / 64;
        if word < self.words.len() {
            self.words[word] &= !(1 << (slot % 64));
            if self.words[word] == 0 {
                self.summary[word / 64] &= !(1 << (word % 64));
                if self.summary[word / 64] == 0 {
                    self.digest[word / 4096] &= !(1 << (word / 64 % 64));
                }
            }
        }
    }

    /// Whether `slot` is a member.
    pub fn contains(&self, slot: usize) -> bool {
        self.words.get(slot / 64).is_some_and(|word| word & (1 << (slot % 64)) != 0)
    }

    /// Whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.digest.iter().all(|&bits| bits == 0)
    }

    /// Adds all slots that are in both `these` and `those`.
    pub fn insert_common(&mut self, these: &Self, those: &Self) {
        let shared = these.words.len().min(those.words.len());
        if shared > self.words.len() {
            self.resize(shared);
        }
        for word in 0..shared {
            let added = these.words[word] & those.words[word] & !self.words[word];
            if added != 0 {
                self.add(word, added);
            }
        }
    }

    /// Returns the first slot at or after `from`.
    pub fn next_from(&self, from: usize) -> Option<usize> {
        let word = from / 64;
        let here = self.words.get(word)? & (u64::MAX << (from % 64));
        if here != 0 {
            return Some(word * 64 + here.trailing_zeros() as usize);
        }
        let word = self.next_word(word + 1)?;
        Some(word * 64 + self.words[word].trailing_zeros() as usize)
    }

    /// Returns the first slot at or after `from`, else the first of all, so that a sweep goes
    /// round.
    pub fn next_round(&self, from: usize) -> Option<usize> {
        self.next_from(from).or_else(|| self.next_from(0))
    }

    fn resize(&mut self, words: usize) {
        self.words.resize(words, 0);
        self.summary.resize(words.div_ceil(64), 0);
        self.digest.resize(words.div_ceil(4096), 0);
    }

    /// Sets `bits`, which are not 0, in `word`.
    fn add(&mut self, word: usize, bits: u64) {
        let before = self.words[word];
        self.words[word] = before | bits;
        if before == 0 {
            self.summary[word / 64] |= 1 << (word % 64);
            self.digest[word / 4096] |= 1 << (word / 64 % 64);
        }
    }

    /// Returns the index of the first of `words` at or after `from` that is not 0.
    fn next_word(&self, from: usize) -> Option<usize> {
        let first = from / 64;
        let here = self.summary.get(first)? & (u64::MAX << (from % 64));
        if here != 0 {
            return Some(first * 64 + here.trailing_zeros() as usize);
        }
        let next = next_bit(&self.digest, first + 1)?;
        Some(next * 64 + self.summary[next].trailing_zeros() as usize)
    }
}

/// Returns the first set bit of `bits` at or after `from`.
fn next_bit(bits: &[u64], from: usize) -> Option<usize> {
    let first = from / 64;
    let here = bits.get(first)? & (u64::MAX << (from % 64));
    if here != 0 {
        return Some(first * 64 + here.trailing_zeros() as usize);
    }
    let (offset, word) = bits[first + 1..].iter().enumerate().find(|&(_, &word)| word != 0)?;
    Some((first + 1 + offset) * 64 + word.trailing_zeros() as usize)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Returns numbers that look random and are the same each time (splitmix64).
    fn numbers(mut seed: u64) -> impl Iterator<Item = usize> {
        std::iter::repeat_with(move || {
            seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            usize::try_from((mixed ^ (mixed >> 27)) >> 32).expect("32 bits fit")
        })
    }

    #[test]
    fn it_does_what_a_tree_set_does() {
        for slots_max in [9_000, 700_000] {
            does_what_a_tree_set_does(slots_max);
        }
    }

    fn does_what_a_tree_set_does(slots_max: usize) {
        let (mut set, mut model) = (SlotSet::default(), BTreeSet::new());
        for number in numbers(7).take(20_000) {
            let slot = (number >> 8) % slots_max;
            if number % 3 == 0 {
                set.remove(slot);
                model.remove(&slot);
            } else if number % 97 == 0 {
                set = SlotSet::default();
                model.clear();
            } else {
                set.insert(slot);
                model.insert(slot);
            }
            assert_eq!(set.contains(slot), model.contains(&slot));
            assert_eq!(set.is_empty(), model.is_empty());
            assert_eq!(set.next_from(slot), model.range(slot..).next().copied());
            assert_eq!(set.next_round(slot + 1).is_none(), model.is_empty());
        }
    }

    #[test]
    fn only_who_is_in_both_is_put_in() {
        let (mut set, mut these, mut those) = <(SlotSet, SlotSet, SlotSet)>::default();
        for slot in [1, 64, 200, 5_000] {
            these.insert(slot);
        }
        for slot in [1, 63, 200, 4_999] {
            those.insert(slot);
        }
        set.insert(70);
        set.insert_common(&these, &those);
        let mut found = Vec::new();
        let mut from = 0;
        while let Some(slot) = set.next_from(from) {
            found.push(slot);
            from = slot + 1;
        }
        assert_eq!(found, [1, 70, 200]);
    }
}
