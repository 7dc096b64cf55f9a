#!/usr/bin/env python3
"""Small valid inputs for the fuzz targets: python3 fuzz/seeds.py FOLDER writes FOLDER/TARGET/NAME. Needs only Python."""

import io
import json
import struct
import sys
import zipfile
import zlib
from pathlib import Path


def x3p(kind="D", mask=b""):
    size = struct.calcsize("<" + {"D": "d", "F": "f", "L": "i", "I": "h"}[kind])
    axis = "<{0}><AxisType>{1}</AxisType><DataType>{2}</DataType><Increment>1e-6</Increment><Offset>0</Offset></{0}>"
    xml = (
        "<p:ISO5436_2 xmlns:p='http://www.opengps.eu/2008/ISO5436_2'><Record1><Revision>ISO5436 - 2000</Revision>"
        "<FeatureType>SUR</FeatureType><Axes>"
        + axis.format("CX", "I", "D")
        + axis.format("CY", "I", "D")
        + axis.format("CZ", "A", kind)
        + "</Axes></Record1><Record2><Date>2026-01-31T12:00:00</Date><Instrument><Manufacturer>a</Manufacturer>"
        "<Model>b</Model><Serial>c</Serial>"
        "<Version>d</Version></Instrument><CalibrationDate>2026-01-01T00:00:00</CalibrationDate>"
        "<ProbingSystem><Type>NonContacting</Type>"
        "<Identification>e</Identification></ProbingSystem><Comment>f</Comment></Record2><Record3>"
        "<MatrixDimension><SizeX>4</SizeX><SizeY>3</SizeY>"
        "<SizeZ>1</SizeZ></MatrixDimension><DataLink><PointDataLink>bindata/data.bin</PointDataLink>"
        + ("<ValidPointsLink>bindata/valid.bin</ValidPointsLink>" if mask else "")
        + "</DataLink></Record3><Record4><ChecksumFile>md5checksum.hex</ChecksumFile></Record4></p:ISO5436_2>"
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("main.xml", xml)
        archive.writestr("bindata/data.bin", bytes(range(12 * size)))
        if mask:
            archive.writestr("bindata/valid.bin", mask)
    return file.getvalue()


def png(depth=8, colour=0):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    channels = {0: 1, 2: 3, 6: 4}[colour]
    row = b"\0" + bytes(range(6 * channels * depth // 8))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 6, 4, depth, colour, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(row * 4))
        + chunk(b"IEND", b"")
    )


BMP = (
    b"BM"
    + struct.pack("<IHHI", 54 + 48, 0, 0, 54)
    + struct.pack("<IiiHHIIiiII", 40, 4, 4, 1, 24, 0, 48, 0, 0, 0, 0)
    + bytes(range(48))
)
GIF = b"GIF89a\x02\0\x02\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x02\0\x02\0\0\x02\x03D\x02\x05\0;"
TIFF = (
    b"II*\0\x08\0\0\0\x08\0"
    + b"".join(
        struct.pack("<HHII", *e)
        for e in (
            (256, 3, 1, 4),
            (257, 3, 1, 2),
            (258, 3, 1, 8),
            (259, 3, 1, 1),
            (262, 3, 1, 1),
            (273, 4, 1, 110),
            (278, 3, 1, 2),
            (279, 4, 1, 8),
        )
    )
    + b"\0\0\0\0"
    + bytes(8)
)


def npy(shape, numbers, kind="<f8", order=False):
    head = f"{{'descr': '{kind}', 'fortran_order': {order}, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\0" + struct.pack("<H", len(head)) + head + struct.pack(f"<{numbers}d", *range(numbers))


def spc(flags=0):
    head = struct.pack("<BBBbIddI", flags, 0x4B, 0, -128 if not flags & 1 else 10, 5, 4000.0, 650.0, 1) + struct.pack(
        "<BBBB", 1, 2, 0, 0
    )
    head += struct.pack("<I", 0) + b"res\0".ljust(9, b"\0") + b"src\0".ljust(9, b"\0")
    head = head.ljust(512, b"\0")
    return head + bytes(32) + struct.pack("<5f", 1, 2, 3, 4, 5)


JCAMP = """##TITLE=a
##JCAMP-DX=4.24
##DATA TYPE=INFRARED SPECTRUM
##XUNITS=1/CM
##YUNITS=ABSORBANCE
##FIRSTX=400
##LASTX=404
##NPOINTS=5
##XFACTOR=1
##YFACTOR=0.5
##DELTAX=1
##XYDATA=(X++(Y..Y))
400{}
##END=
"""
MZML = """<?xml version="1.0"?><mzML xmlns="http://psi.hupo.org/ms/mzml" version="1.1.0">
<cvList count="1"><cv id="MS" fullName="a" URI="b"/></cvList><run id="r">
<spectrumList count="1"><spectrum index="0" id="scan=1" defaultArrayLength="2">
<cvParam cvRef="MS" accession="MS:1000127" name="centroid spectrum"/>
<cvParam cvRef="MS" accession="MS:1000511" name="ms level" value="2"/><binaryDataArrayList count="2">
<binaryDataArray encodedLength="24">
<cvParam cvRef="MS" accession="MS:1000523" name="64-bit float"/><cvParam cvRef="MS" accession="MS:1000576" name="no compression"/>
<cvParam cvRef="MS" accession="MS:1000514" name="m/z array"/><binary>AAAAAAAAWUAAAAAAAABpQA==</binary></binaryDataArray>
<binaryDataArray encodedLength="24">
<cvParam cvRef="MS" accession="MS:1000523" name="64-bit float"/><cvParam cvRef="MS" accession="MS:1000576" name="no compression"/>
<cvParam cvRef="MS" accession="MS:1000515" name="intensity array"/>
<binary>AAAAAAAA8D8AAAAAAAAAQA==</binary></binaryDataArray></binaryDataArrayList>
</spectrum></spectrumList></run></mzML>"""
MGF = "BEGIN IONS\nTITLE=a\nPEPMASS=200.1 3\nCHARGE=2+\n100.5 3\n150.25 1e2\nEND IONS\n"
MSP = 'Name: a\nPrecursorMZ: 200.1\nNum Peaks: 2\n100.5 3; 150.25 4 "b"\n\nName: c\nNum Peaks: 1\n77 1\n'
GNPS = json.dumps([{"spectrum_id": "a", "Precursor_MZ": "200.1", "peaks_json": "[[100.5,3.0],[150.25,4.0]]"}])
TABLES = [
    "wavenumber,a,b\n4000,0.1,0.2\n3998,0.3,\n3996,nan,1e-3\n",
    "x;y\n1,5;2,5\n2,5;3,5\n",
    "id\t4000\t3998\ns1\t0.1\t0.2\ns2\t0.3\t0.4\n",
    "# a\n1 2\n2 3\n3 4\n",
]
AREAS = ["sample,case,a,b\ns1,c1,1.5,0\ns2,c2,<0.05,nd\n", "compound;s1;s2\na;1,5;2\ncase;c1;c2\nb;n.d.;<0,1\n"]
RECIPES = [
    "snv | savgol(window=15, poly=2, deriv=1)",
    'internal(tetracosane) | drop("a, b", 900..1000) | root(4)',
    "asls(lambda=1e5, p=0.01) | pqn | log(1)",
    '[[step]]\nname = "savgol"\nwindow = 5\npoly = 2\nderiv = 1\n\n[[step]]\nname = "keep"\nplaces = ["900..1800", "a"]\n',
]
RECORD = {
    "tool": "striae",
    "version": "0.1.0",
    "options": {
        "metric": "ccf",
        "settings": {"min_overlap": {"share": 0.5}},
        "mode": {"top-k": 3},
        "exclude": "none",
        "invalid": "refuse",
        "memory": 2147483648,
        "tile": None,
        "screening": "auto",
    },
    "inputs": [{"name": "a.h5:/x", "rows": 3, "width": 4, "values_blake3": "ab", "left_out": []}],
    "devices": [],
    "tile": {"rows": 64, "cols": 64},
    "threads": 2,
    "started": "2026-01-01T00:00:00Z",
    "effort": {"pairs": 3, "refined": 3, "blocks": 1, "survey_seconds": 0.1, "compare_seconds": 0.2},
    "warnings": [],
    "result_blake3": "cd",
}
RATIO = {
    "statement": {
        "h1": "a",
        "h2": "b",
        "population": "c",
        "truth": "press",
        "score": "ccf",
        "sources": 3,
        "items": 7,
        "same_pairs": 4,
        "different_pairs": 5,
    },
    "orientation": "LargerIsCloser",
    "calibrator": {"Logistic": {"intercept": 0.1, "slope": 2.0}},
    "bounds": "None",
}
FITTED = {"recipe": "msc", "width": 2, "axis": [1.0, 2.0], "names": None, "learnt": [{"reference": [0.5, 0.25]}]}

SEEDS = {
    "x3p": [x3p(), x3p("F"), x3p("L", b"\xff\x0e"), x3p("I", b"\xff\x0f")],
    "picture": [png(), png(16), png(8, 2), png(8, 6), BMP, GIF, TIFF, b"P5 4 2 255\n12345678", b"P2\n2 2\n9\n1 2 3 4\n"],
    "profile": [
        b"\x01" + t
        for t in (
            b"0.0\t3.37\n0.69\t3.27\n1.38\tNaN\n2.07\t3.11\n",
            b"x [um],height [nm]\n0,1.5\n1,2.5\n2,\n3,4.5\n",
            npy("(6,)", 6),
            npy("(3, 4)", 12, order=True),
        )
    ],
    "spc": [spc(), spc(1), spc(4), spc(0x80)],
    "jcamp": [JCAMP.format(rows) for rows in (" 1 2 3 4 5", "@ABCDE", "A1J2k%T", "+1+2-3+4+5", "B0%J%S")],
    "table": TABLES,
    "libraries": [MGF, MSP, GNPS],
    "mzml": [MZML],
    "spectra": [
        b"\0" + spc(),
        b"\1" + JCAMP.format(" 1 2 3 4 5").encode(),
        b"\2" + TABLES[0].encode(),
        b"\4" + MGF.encode(),
        b"\5" + MSP.encode(),
        b"\6" + MZML.encode(),
        b"\7" + GNPS.encode(),
        b"\3\xff\xfe" + TABLES[3].encode("utf-16-le"),
    ],
    "profile_table": [b"\4" + AREAS[0].encode(), b"\3" + AREAS[1].encode()],
    "recipe": RECIPES,
    "fitted": [json.dumps(FITTED)],
    "ratio_model": [json.dumps(RATIO)],
    "records": [json.dumps(RECORD)],
    "address": ["a.h5:/x/y", "dir/10:30.h5:/x", "a.h5"],
    "words": ["3/64", "2026-02-28", "2026-02", "venetian=7", "cm-1", "%T", "nm"],
    "questions": [
        '{"ask":"tree"}\n{"ask":"rows","dataset":"/x","start":0,"count":3}\n',
        '{"ask":"texts","dataset":"/id","start":1,"count":2}\n',
        '{"refused":"no"}',
        '{"bytes":12}',
    ],
    "journal": [
        b"striae journal 1\n" + b"\0" + struct.pack("<Q", 2) + b"{}" + bytes(32),
        b'{}\nrow\nlink\norder\n{"commit":1}\n',
    ],
}

for target, seeds in SEEDS.items():
    folder = Path(sys.argv[1]) / target
    folder.mkdir(parents=True, exist_ok=True)
    for n, seed in enumerate(seeds):
        (folder / f"seed-{n}").write_bytes(seed.encode() if isinstance(seed, str) else seed)
