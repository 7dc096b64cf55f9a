//! What is known of the rows of a collection beside their numbers: ids, columns of what files say, and a table of metadata.

use crate::archive::new_collection::is_taken;
use crate::cli::Refused;
use anyhow::Context as _;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

/// Columns that are kept of what files say, beside those that are asked for.
pub const USUAL: [&str; 9] = ["exhibit", "source", "case", "batch", "date", "place", "formula", "inchikey", "cas"];
/// What is kept of a row while others are read.
pub struct Found<T> {
    pub id: String,
    pub file: String,
    pub name: String,
    pub metadata: BTreeMap<String, String>,
    pub what: T,
}

/// A label without what spellings differ in.
pub fn plain(key: &str) -> String {
    key.chars().filter(|c| !" -/_".contains(*c)).flat_map(char::to_lowercase).collect()
}

/// Rows of a CSV by the value of its column id.
pub type ById = (Vec<String>, HashMap<String, Vec<String>>);

/// BLAKE3 of a file that says more of the rows.
pub fn digest_of(path: &Path) -> anyhow::Result<String> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(blake3::hash(&bytes).to_hex().to_string())
}

pub fn metadata_table(path: &Path) -> anyhow::Result<ById> {
    let whole = |what: String| Refused::input(format!("{}: {what}", path.display()));
    let text = super::files::text(path)?;
    let first = text.lines().next().unwrap_or("");
    let delimiter = [b',', b';', b'\t'].into_iter().max_by_key(|&d| first.bytes().filter(|&b| b == d).count()).unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .delimiter(delimiter)
        .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let header: Vec<String> = reader.headers().map_err(|e| whole(e.to_string()))?.iter().map(str::to_lowercase).collect();
    let Some(at) = header.iter().position(|h| h == "id") else { return Err(whole("it has no column id".into())) };
    let mut rows = HashMap::new();
    for record in reader.records() {
        let record = record.map_err(|e| whole(e.to_string()))?;
        let row: Vec<String> = record.iter().map(str::to_owned).collect();
        let id = row.get(at).cloned().unwrap_or_default();
        if rows.insert(id.clone(), row).is_some() {
            return Err(whole(format!("id {id:?} occurs twice")));
        }
    }
    Ok((header, rows))
}

/// Ids that differ, and columns of what is known beside the numbers.
pub fn columns<T>(all: &mut [Found<T>], keep: &[String], table: Option<&ById>) -> anyhow::Result<Vec<(String, Vec<String>)>> {
    let mut counts: HashMap<String, usize> = HashMap::new();
    for f in all.iter() {
        *counts.entry(f.id.clone()).or_default() += 1;
    }
    for f in all.iter_mut().filter(|f| counts[&f.id] > 1) {
        // Files of one name are told apart by their folders and endings.
        let number = base(&f.id).1.to_owned();
        f.id = format!("{}{number}", f.file);
    }
    let mut seen = HashSet::new();
    if let Some(f) = all.iter().find(|f| !seen.insert(f.id.clone())) {
        return Err(Refused::input(format!(
            "{}: the id {:?} occurs twice; ids must differ. Rename one of the files",
            f.file, f.id
        )));
    }
    let mut found = vec![
        ("id".to_owned(), all.iter().map(|f| f.id.clone()).collect::<Vec<_>>()),
        ("file".to_owned(), all.iter().map(|f| f.file.clone()).collect()),
    ];
    if all.iter().any(|f| !f.name.is_empty()) {
        found.push(("title".to_owned(), all.iter().map(|f| f.name.clone()).collect()));
    }
    let wanted = USUAL.iter().map(|u| (*u).to_owned()).chain(keep.iter().map(|k| k.to_lowercase().replace([' ', '/'], "_")));
    for key in wanted {
        let texts: Vec<String> = all
            .iter()
            .map(|f| f.metadata.iter().find(|(k, _)| plain(k) == plain(&key)).map_or(String::new(), |(_, v)| v.clone()))
            .collect();
        if texts.iter().any(|t| !t.is_empty()) && !found.iter().any(|(name, _)| *name == key) {
            found.push((key, texts));
        } else if !USUAL.contains(&key.as_str()) && !found.iter().any(|(name, _)| *name == key) {
            eprintln!("striae: --keep {key}: no file says it");
        }
    }
    if let Some((header, rows)) = table {
        // Several readings of one file have its row.
        let row = |id: &str| rows.get(id).or_else(|| rows.get(base(id).0));
        if !all.iter().any(|f| row(&f.id).is_some()) {
            let (ours, theirs) = (&all[0].id, rows.keys().min().map_or("", String::as_str));
            return Err(Refused::input(format!(
                "--metadata: none of its ids is one that was imported; an imported one is {ours:?}, one of the table's is {theirs:?}"
            )));
        }
        let (without, ids) = (
            all.iter().filter(|f| row(&f.id).is_none()).count(),
            all.iter().flat_map(|f| [f.id.as_str(), base(&f.id).0]).collect::<HashSet<_>>(),
        );
        let strangers = rows.keys().filter(|id| !ids.contains(id.as_str())).count();
        if without + strangers > 0 {
            eprintln!(
                "striae: --metadata: {without} of what was imported are not in it; {strangers} of its rows were not imported"
            );
        }
        for (j, name) in header.iter().enumerate().filter(|(_, n)| *n != "id" && !n.is_empty()) {
            let texts = all.iter().map(|f| row(&f.id).and_then(|r| r.get(j)).cloned().unwrap_or_default()).collect();
            found.retain(|(known, _)| known != name);
            found.push((name.clone(), texts));
        }
    }
    Ok(found)
}

/// An id without the number of a reading (x~2) or of a spectrum (x#2), and that number with its sign.
fn base(id: &str) -> (&str, &str) {
    match id.rfind(['#', '~']) {
        Some(at) if at > 0 && id.len() > at + 1 && id[at + 1..].bytes().all(|b| b.is_ascii_digit()) => id.split_at(at),
        _ => (id, ""),
    }
}

/// Refuses names of columns that are ours, before anything is read.
pub fn refuse_taken(pattern: Option<&regex::Regex>, table: Option<&ById>, keep: &[String], own: &[&str]) -> anyhow::Result<()> {
    let taken = |name: &str| {
        let name = name.to_lowercase();
        is_taken(&name) || own.contains(&name.as_str()) || ["file", "title", "digest"].contains(&name.as_str())
    };
    let groups = pattern.iter().flat_map(|p| p.capture_names()).flatten().map(|n| ("--columns", n));
    let table = table.iter().flat_map(|(header, _)| header).map(|n| ("--metadata", n.as_str()));
    let keep = keep.iter().map(|n| ("--keep", n.as_str()));
    match groups
        .map(|(o, n)| (o, n, n == "id" || taken(n)))
        .chain(table.chain(keep).map(|(o, n)| (o, n, taken(n))))
        .find(|(.., t)| *t)
    {
        Some((option, name, _)) => Err(Refused::usage(format!(
            "{option}: a column cannot be called {name:?}: the collection has one of its own. Choose another name"
        ))),
        None => Ok(()),
    }
}

/// The regular expression of `--columns`.
pub fn pattern(text: &str) -> anyhow::Result<regex::Regex> {
    let found = regex::Regex::new(text).map_err(|e| Refused::usage(format!("--columns: {e}")))?;
    if found.capture_names().flatten().next().is_none() {
        return Err(Refused::usage(format!("--columns {text}: it has no named group; name one, such as (?<exhibit>[^_]+)")));
    }
    Ok(found)
}

/// What the named groups find in a name.
pub fn named_groups(pattern: &regex::Regex, name: &str, into: &mut BTreeMap<String, String>) -> Result<(), String> {
    let found = pattern.captures(name).ok_or_else(|| format!("--columns finds nothing in its name {name:?}"))?;
    for key in pattern.capture_names().flatten() {
        if let Some(value) = found.name(key) {
            into.insert(key.to_owned(), value.as_str().to_owned());
        }
    }
    Ok(())
}
