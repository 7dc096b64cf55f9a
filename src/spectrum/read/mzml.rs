//! mzML, by the library `mzdata`: centroid spectra as peak lists.
//!
//! Spectra of MS level 2 and above, and of level 1 where there is no other; profile spectra are refused, since their points are no
//! peaks. Chromatograms are left out. The library is fenced in: should it panic on a damaged file, that is an error of that file.

use super::{Error, PeakList, sorted_peaks};
use crate::fence::caught;
use mzdata::io::mzml::MzMLReaderType;
use mzdata::prelude::*;
use mzdata::spectrum::SignalContinuity;
use std::collections::BTreeMap;
use std::io::Cursor;

/// Reads a file.
///
/// # Errors
/// Where it is wrong, or holds profile spectra.
pub fn read(bytes: &[u8]) -> Result<Vec<PeakList>, Error> {
    caught(|| all(bytes)).unwrap_or_else(|_| Err(Error::whole("mzML", "the file is damaged: it cannot be followed")))
}

fn all(bytes: &[u8]) -> Result<Vec<PeakList>, Error> {
    // A truncated file ends the iteration as if it were complete.
    let tail = &bytes[bytes.len().saturating_sub(4096)..];
    let ends = |with: &[u8]| tail.windows(with.len()).any(|w| w == with);
    if !ends(b"</mzML>") && !ends(b"</indexedmzML>") {
        return Err(Error::whole("mzML", "it does not end with </mzML>: the file is cut off"));
    }
    let reader: MzMLReaderType<Cursor<&[u8]>> = MzMLReaderType::new(Cursor::new(bytes));
    let mut found: Vec<(u8, PeakList)> = Vec::new();
    // Profiles of fragments are fragments too: those of level 1 do not stand in for them.
    let (mut profiles, mut fragments) = (0_usize, false);
    for spectrum in reader {
        match spectrum.signal_continuity() {
            SignalContinuity::Profile => {
                profiles += 1;
                fragments |= spectrum.ms_level() > 1;
                continue;
            }
            SignalContinuity::Unknown => {
                let what = "it does not say whether it is of centroids or a profile; convert it with centroids (msconvert --filter \"peakPicking true 1-\")";
                return Err(Error::whole(&format!("mzML spectrum {:?}", spectrum.id()), what));
            }
            SignalContinuity::Centroid => {}
        }
        let name = spectrum.id().to_owned();
        let peaks: Vec<(f64, f64)> = match spectrum.raw_arrays() {
            None => Vec::new(),
            Some(arrays) => {
                let fault = |e: &dyn std::fmt::Display| Error::whole(&format!("mzML spectrum {name:?}"), e.to_string());
                let mz = arrays.mzs().map_err(|e| fault(&e))?;
                let intensity = arrays.intensities().map_err(|e| fault(&e))?;
                if mz.len() != intensity.len() {
                    return Err(fault(&format!("{} m/z and {} intensities", mz.len(), intensity.len())));
                }
                mz.iter().zip(intensity.iter()).map(|(&m, &i)| (m, f64::from(i))).collect()
            }
        };
        if peaks.is_empty() {
            continue;
        }
        let (mz, intensity) = sorted_peaks(peaks, &name)?;
        let precursor_mz =
            spectrum.precursor().and_then(|p| p.iter().next().map(|ion| ion.mz)).filter(|p| p.is_finite() && *p > 0.0);
        let level = spectrum.ms_level();
        let mut metadata = BTreeMap::from([("MSLEVEL".to_owned(), level.to_string())]);
        let minutes = spectrum.start_time();
        if minutes.is_finite() {
            metadata.insert("RTINMINUTES".into(), minutes.to_string());
        }
        found.push((level, PeakList { name, mz, intensity, precursor_mz, metadata }));
    }
    fragments |= found.iter().any(|(level, _)| *level > 1);
    let kept: Vec<PeakList> = found.into_iter().filter(|(level, _)| *level > 1 || !fragments).map(|(_, list)| list).collect();
    if kept.is_empty() {
        let why = if profiles > 0 {
            format!(
                "its {profiles} spectra are profiles, whose points are no peaks; convert it with centroids (msconvert --filter \"peakPicking true 1-\")"
            )
        } else {
            "there is no spectrum with peaks in it".to_owned()
        };
        return Err(Error::whole("mzML", why));
    }
    Ok(kept)
}
