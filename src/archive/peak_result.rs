//! Results of peak lists: as [`super::result`] says, with the number of matched peaks beside each score.

use super::error::Error;
use super::result::{Target, json};
use super::sealed;
use super::write::{Kind, Writer};
use crate::compare::Record;
use crate::compare::digest::{MatchedDigest, ResultDigest, of_ranking};
use crate::compare::peak_job::PeakAnswer;

/// Writes what was found; fills in the record's digests.
///
/// # Errors
/// When it cannot be written. Nothing stays then.
pub fn write_peaks(target: &Target, record: &mut Record, answer: &PeakAnswer) -> Result<(), Error> {
    let (kind, shape, matched): (_, Vec<usize>, &[i64]) = match answer {
        PeakAnswer::TopK { k, neighbors, scores, matched } => {
            record.result_blake3 = of_ranking(*k, neighbors, scores);
            ("top-k", vec![neighbors.len() / k, *k], matched)
        }
        PeakAnswer::Links { links, matched } => {
            let mut digest = ResultDigest::of_links();
            for link in links {
                digest.link(link);
            }
            record.result_blake3 = digest.finish_links();
            ("links", vec![links.len()], matched)
        }
    };
    let mut digest = MatchedDigest::default();
    digest.add(matched);
    record.matched_blake3 = Some(digest.finish());
    let text = json(target, record)?;
    let layout = target.layout(kind, &record.options.metric, &record.version, text.len(), &record.inputs);
    let columns: &[(&str, Kind)] = match answer {
        PeakAnswer::TopK { .. } => &[("neighbors", Kind::I64), ("scores", Kind::F64), ("matched", Kind::I64)],
        PeakAnswer::Links { .. } => {
            &[("query", Kind::I64), ("reference", Kind::I64), ("score", Kind::F64), ("matched", Kind::I64)]
        }
    };
    let layout = columns.iter().fold(layout, |layout, (name, kind)| layout.dataset(&target.path(name), &shape, *kind));
    let writer = Writer::create(target.file(), &layout, target.overwrite)?;
    match answer {
        PeakAnswer::TopK { neighbors, scores, .. } => {
            writer.put(&target.path("neighbors"), 0, neighbors)?;
            writer.put(&target.path("scores"), 0, scores)?;
        }
        PeakAnswer::Links { links, .. } => {
            for (n, part) in links.chunks(16_384).enumerate() {
                let at = (n * 16_384) as u64;
                writer.put(&target.path("query"), at, &part.iter().map(|l| l.query as i64).collect::<Vec<_>>())?;
                writer.put(&target.path("reference"), at, &part.iter().map(|l| l.reference as i64).collect::<Vec<_>>())?;
                writer.put(&target.path("score"), at, &part.iter().map(|l| l.score).collect::<Vec<_>>())?;
            }
        }
    }
    writer.put(&target.path("matched"), 0, matched)?;
    target.put_left_out(&writer, &record.inputs)?;
    sealed::put(&writer, &target.group(), &text)?;
    writer.finish()
}
