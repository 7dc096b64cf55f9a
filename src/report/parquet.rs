//! Tables as Parquet: columns with types, nulls for what is not known, and statements in the file itself.
//!
//! Texts are UTF-8 strings, numbers doubles, counts 64-bit integers, flags booleans. What is not known is null, never NaN or empty; columns
//! that are always known (`id`, `a`, `b`, flags) are required. Row groups of 131,072 rows, Snappy, format version 1.0: what pandas, Arrow, DuckDB and
//! Spark read alike. Key–value metadata holds what `about` says. The same tables give the same bytes with the same version of the `parquet` crate.
//!
//! Written column after column with the crate's low-level writer; one column of one row group is held at a time.

use super::tables::{About, Column, Error, Exhibits, LinkTable, Values};
use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{WriterProperties, WriterVersion};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::Type;
use std::io::Write;
use std::ops::Range;
use std::sync::Arc;

const ROWS: usize = 131_072;

/// The table of exhibits.
///
/// # Errors
/// Where the table does not fit together, or the output fails.
pub fn exhibits(of: &Exhibits, about: &About, out: impl Write + Send) -> Result<(), Error> {
    let columns = of.columns()?;
    table(&columns, of.id.len(), about, out).map_err(|e| failed("the table of exhibits (Parquet)", e))
}

/// The table of links, with exhibits by id.
///
/// # Errors
/// As [`exhibits`].
pub fn links(of: &LinkTable, exhibits: &Exhibits, about: &About, out: impl Write + Send) -> Result<(), Error> {
    let columns = of.columns(exhibits)?;
    table(&columns, of.a.len(), about, out).map_err(|e| failed("the table of links (Parquet)", e))
}

fn failed(what: &'static str, error: ParquetError) -> Error {
    let source = match error {
        ParquetError::External(inner) => match inner.downcast::<std::io::Error>() {
            Ok(io) => *io,
            Err(other) => std::io::Error::other(other),
        },
        other => std::io::Error::other(other),
    };
    Error::Write { what, source }
}

fn table(columns: &[Column<'_>], rows: usize, about: &About, out: impl Write + Send) -> Result<(), ParquetError> {
    let fields = columns.iter().map(|c| field(c).map(Arc::new)).collect::<Result<Vec<_>, _>>()?;
    let schema = Type::group_type_builder("striae").with_fields(fields).build()?;
    let about = about.iter().map(|(key, value)| KeyValue::new(key.clone(), value.clone())).collect();
    let properties = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_compression(Compression::SNAPPY)
        .set_created_by(concat!("striae ", env!("CARGO_PKG_VERSION")).into())
        .set_key_value_metadata(Some(about))
        .build();
    let mut writer = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties))?;
    for start in (0..rows).step_by(ROWS) {
        let range = start..(start + ROWS).min(rows);
        let mut group = writer.next_row_group()?;
        for column in columns {
            if let Some(mut into) = group.next_column()? {
                write(column, range.clone(), &mut into)?;
                into.close()?;
            }
        }
        group.close()?;
    }
    writer.close()?;
    Ok(())
}

/// Whether every row has a value.
fn required(column: &Column<'_>) -> bool {
    matches!(column.values, Values::Flag(_)) || matches!(column.name.as_str(), "id" | "a" | "b")
}

fn field(column: &Column<'_>) -> Result<Type, ParquetError> {
    let (physical, logical) = match column.values {
        Values::Text(_) => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Values::Number(_) => (Physical::DOUBLE, None),
        Values::Count(_) => (Physical::INT64, None),
        Values::Flag(_) => (Physical::BOOLEAN, None),
    };
    let repetition = if required(column) { Repetition::REQUIRED } else { Repetition::OPTIONAL };
    Type::primitive_type_builder(&column.name, physical).with_repetition(repetition).with_logical_type(logical).build()
}

fn write(column: &Column<'_>, rows: Range<usize>, into: &mut SerializedColumnWriter<'_>) -> Result<(), ParquetError> {
    let all = required(column);
    match &column.values {
        Values::Text(of) => {
            let values = of[rows].iter().map(|t| (all || !t.is_empty()).then(|| ByteArray::from(*t)));
            put::<ByteArrayType>(values, all, into)
        }
        Values::Number(of) => put::<DoubleType>(of[rows].iter().map(|x| (!x.is_nan()).then_some(*x)), all, into),
        Values::Count(of) => put::<Int64Type>(of[rows].iter().map(|x| x.map(i64::from)), all, into),
        Values::Flag(of) => put::<BoolType>(of[rows].iter().map(|x| Some(*x)), all, into),
    }
}

fn put<T: DataType>(
    values: impl Iterator<Item = Option<T::T>>,
    all: bool,
    into: &mut SerializedColumnWriter<'_>,
) -> Result<(), ParquetError> {
    let (mut known, mut levels) = (Vec::new(), Vec::new());
    for value in values {
        levels.push(i16::from(value.is_some()));
        known.extend(value);
    }
    into.typed::<T>().write_batch(&known, (!all).then_some(levels.as_slice()), None)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tables::example;
    use super::*;
    use parquet::file::reader::{FileReader as _, SerializedFileReader};
    use parquet::record::RowAccessor as _;

    fn about() -> Vec<(String, String)> {
        vec![("version".into(), "0.1.0".into()), ("statement".into(), "the sum".into())]
    }

    fn open(bytes: &[u8]) -> SerializedFileReader<std::fs::File> {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(bytes).expect("written");
        SerializedFileReader::new(file).expect("a Parquet file")
    }

    #[test]
    fn what_is_written_reads_back() {
        let (e, l) = example();
        let mut bytes = Vec::new();
        links(&l, &e, &about(), &mut bytes).expect("written");
        let mut again = Vec::new();
        links(&l, &e, &about(), &mut again).expect("written");
        assert_eq!(bytes, again);
        let reader = open(&bytes);
        let kept = reader.metadata().file_metadata().key_value_metadata().expect("metadata").clone();
        assert_eq!(kept[1], KeyValue::new("statement".into(), "the sum".to_owned()));
        let rows: Vec<_> = reader.get_row_iter(None).expect("rows").map(|r| r.expect("a row")).collect();
        assert_eq!(rows.len(), 2);
        for (i, row) in rows.iter().enumerate() {
            assert_eq!(row.get_string(0).expect("a text"), &e.id[l.a[i] as usize]);
            assert_eq!(row.get_string(1).expect("a text"), &e.id[l.b[i] as usize]);
            assert_eq!(row.get_double(2).expect("a number"), l.log10_lr[i]);
            assert_eq!(row.get_bool(3).expect("a flag"), l.contradiction[i]);
            assert_eq!(row.get_double(6).expect("a number"), l.modalities[1].log10_lr[i]);
        }
        assert!(rows[1].get_double(4).is_err() && rows[0].get_double(4).is_ok());
    }

    #[test]
    fn many_rows_and_none() {
        let n = ROWS + 3;
        let id: Vec<String> = (0..n).map(|i| format!("e{i}")).collect();
        let community = (0..n).map(|i| (i % 3 > 0).then_some(i as u32)).collect();
        let e = Exhibits { id, community, ..Exhibits::default() };
        let mut bytes = Vec::new();
        exhibits(&e, &about(), &mut bytes).expect("written");
        let reader = open(&bytes);
        assert_eq!((reader.num_row_groups(), reader.metadata().file_metadata().num_rows()), (2, n as i64));
        let last = reader.get_row_iter(None).expect("rows").last().expect("rows").expect("a row");
        assert_eq!((last.get_string(0).expect("a text").as_str(), last.get_long(1).expect("a count")), ("e131074", 131_074));
        let mut bytes = Vec::new();
        exhibits(&Exhibits::default(), &about(), &mut bytes).expect("written");
        assert_eq!(open(&bytes).num_row_groups(), 0);
    }

    #[test]
    fn a_full_disk_is_an_error() {
        let (e, l) = example();
        let mut small = [0u8; 40];
        let said = links(&l, &e, &about(), &mut small[..]).expect_err("no room").to_string();
        assert!(said.contains("could not be written"), "{said}");
    }
}
