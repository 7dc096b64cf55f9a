//! What stands between the commits of a [journal](super::journal), all numbers little-endian:
//! - rows of rankings that changed: row (u64), how many partners (u32), and for each its score (f64) and index (u64), and of peak lists the number of matched peaks (i64);
//! - links: query, reference (u64), score (f64), and of peak lists the number of matched peaks (i64);
//! - within a pair of blocks: the order in which rows of each stand, where it is not the collection's (number of the commit, u64; side, u64; rows, u32).

use super::journal::{self, Journal};
use super::links::Link;
use super::select::Best;

/// Rows of a ranking.
pub(super) const ROWS: u8 = 2;
pub(super) const LINKS: u8 = 3;
/// The order of a block's rows.
pub(super) const ORDER: u8 = 4;
/// Bytes of a record, about.
pub(super) const PIECE: usize = 1 << 20;

/// Rows of a ranking, as records.
pub(super) struct RowsOut<'a> {
    journal: &'a mut Journal,
    piece: Vec<u8>,
}

impl<'a> RowsOut<'a> {
    pub(super) const fn new(journal: &'a mut Journal) -> Self {
        Self { journal, piece: Vec::new() }
    }

    fn flush(&mut self) -> Result<(), journal::Error> {
        let full = std::mem::take(&mut self.piece);
        if full.is_empty() { Ok(()) } else { self.journal.append(ROWS, &full) }
    }

    /// A row; `matched` where peaks were.
    pub(super) fn row(&mut self, row: usize, best: &[Best], matched: Option<&[i64]>) -> Result<(), journal::Error> {
        // A row of very many partners in parts.
        let most = PIECE / 24;
        let parts = best.len().div_ceil(most).max(1);
        for n in 0..parts {
            let part = n * most..((n + 1) * most).min(best.len());
            self.piece.extend_from_slice(&(row as u64).to_le_bytes());
            let more = u32::from(n > 0) << 31;
            self.piece.extend_from_slice(&(part.len() as u32 | more).to_le_bytes());
            for at in part {
                self.piece.extend_from_slice(&best[at].score.to_bits().to_le_bytes());
                self.piece.extend_from_slice(&best[at].partner.to_le_bytes());
                if let Some(matched) = matched {
                    self.piece.extend_from_slice(&matched[at].to_le_bytes());
                }
            }
            if self.piece.len() >= PIECE {
                self.flush()?;
            }
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<(), journal::Error> {
        self.flush()
    }
}

/// Takes numbers off the front of a record.
struct Front<'a>(&'a [u8]);

impl Front<'_> {
    fn word<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (word, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*word)
    }

    fn u64(&mut self) -> Option<u64> {
        self.word().map(u64::from_le_bytes)
    }
}

/// Who takes a row: which, whether these are further partners of it, and they.
pub(super) type TakeRow<'a> = &'a mut dyn FnMut(usize, bool, &[(Best, i64)]) -> Option<()>;

/// Rows of a record: `take` hears of the row, whether its partners are further ones, and of partners with matched peaks (0 where there are none).
/// None where the record makes no sense.
pub(super) fn rows_in(payload: &[u8], peaks: bool, take: TakeRow<'_>) -> Option<()> {
    let mut front = Front(payload);
    let mut best = Vec::new();
    while !front.0.is_empty() {
        let row = usize::try_from(front.u64()?).ok()?;
        let count = front.word().map(u32::from_le_bytes)?;
        best.clear();
        for _ in 0..count & (u32::MAX >> 1) {
            let score = f64::from_bits(front.u64()?);
            let partner = front.u64()?;
            let matched = if peaks { front.word().map(i64::from_le_bytes)? } else { 0 };
            best.push((Best { score, partner }, matched));
        }
        take(row, count >> 31 == 1, &best)?;
    }
    Some(())
}

/// Writes links, with matched peaks where there are such.
pub(super) fn links_out(
    journal: &mut Journal,
    links: &mut dyn Iterator<Item = Result<(Link, Option<i64>), journal::Error>>,
) -> Result<(), journal::Error> {
    let mut piece = Vec::with_capacity(PIECE);
    for link in links {
        let (link, matched) = link?;
        piece.extend_from_slice(&link.query.to_le_bytes());
        piece.extend_from_slice(&link.reference.to_le_bytes());
        piece.extend_from_slice(&link.score.to_bits().to_le_bytes());
        piece.extend(matched.into_iter().flat_map(i64::to_le_bytes));
        if piece.len() + 32 > PIECE {
            journal.append(LINKS, &piece)?;
            piece.clear();
        }
    }
    if piece.is_empty() { Ok(()) } else { journal.append(LINKS, &piece) }
}

/// Links of a record.
pub(super) fn links_in(payload: &[u8], peaks: bool, take: &mut dyn FnMut(Link, i64) -> Option<()>) -> Option<()> {
    let mut front = Front(payload);
    while !front.0.is_empty() {
        let (query, reference) = (front.u64()?, front.u64()?);
        let score = f64::from_bits(front.u64()?);
        let matched = if peaks { front.word().map(i64::from_le_bytes)? } else { 0 };
        take(Link { query, reference, score }, matched)?;
    }
    Some(())
}

/// Writes the order of a block's rows, for commit `commit`.
pub(super) fn order_out(journal: &mut Journal, commit: u64, side: u64, order: &[u32]) -> Result<(), journal::Error> {
    for part in order.chunks(PIECE / 4) {
        let mut piece = Vec::with_capacity(16 + 4 * part.len());
        piece.extend_from_slice(&commit.to_le_bytes());
        piece.extend_from_slice(&side.to_le_bytes());
        piece.extend(part.iter().flat_map(|row| row.to_le_bytes()));
        journal.append(ORDER, &piece)?;
    }
    Ok(())
}

/// A part of the order of a side's rows, and of which commit.
pub(super) fn order_in(payload: &[u8]) -> Option<(u64, u64, Vec<u32>)> {
    let mut front = Front(payload);
    let (commit, side) = (front.u64()?, front.u64()?);
    let (rows, rest) = front.0.as_chunks();
    rest.is_empty().then(|| (commit, side, rows.iter().map(|row| u32::from_le_bytes(*row)).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_that_make_no_sense_are_none() {
        let mut never = |_: usize, _: bool, _: &[(Best, i64)]| Some(());
        assert_eq!(rows_in(&[1, 2, 3], false, &mut never), None);
        assert_eq!(rows_in(&[0; 12], false, &mut never), Some(()));
        let mut claims = vec![0; 12];
        claims[8] = 255;
        assert_eq!(rows_in(&claims, false, &mut never), None);
        assert_eq!(links_in(&[0; 25], false, &mut |_, _| Some(())), None);
        assert!(order_in(&[0; 17]).is_none());
    }
}
