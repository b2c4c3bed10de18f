//! MP4 and QuickTime.

use super::*;
use crate::preflight::container;

pub(super) fn boxed(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    [&u32::try_from(data.len() + 8).unwrap().to_be_bytes()[..], name, data].concat()
}

pub(super) fn wide_boxed(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    [&1u32.to_be_bytes()[..], name, &(data.len() as u64 + 16).to_be_bytes(), data].concat()
}

pub(super) fn within(name: &[u8; 4], parts: &[Vec<u8>]) -> Vec<u8> {
    boxed(name, &parts.concat())
}

/// Version and flags, both times, then the rest.
pub(super) fn dated(name: &[u8; 4], times: u32, rest: &[u8]) -> Vec<u8> {
    boxed(name, &[&[0; 4][..], &times.to_be_bytes(), &times.to_be_bytes(), rest].concat())
}

pub(super) fn header(times: u32) -> Vec<u8> {
    dated(b"mvhd", times, &[&1_000u32.to_be_bytes()[..], &2_000u32.to_be_bytes(), &[0; 80]].concat())
}

pub(super) fn track(handler: &[u8; 4], times: u32, tables: &[Vec<u8>], beside: &[Vec<u8>]) -> Vec<u8> {
    let handler = boxed(b"hdlr", &[&[0; 8][..], handler, &[0; 13]].concat());
    let samples = within(b"minf", &[boxed(b"vmhd", &[0; 12]), within(b"stbl", tables)]);
    let media = within(b"mdia", &[dated(b"mdhd", times, &[0; 12]), handler, samples]);
    within(b"trak", &[&[dated(b"tkhd", times, &[0; 72]), media][..], beside].concat())
}

pub(super) fn numbers(name: &[u8; 4], numbers: &[u32]) -> Vec<u8> {
    boxed(name, &numbers.iter().flat_map(|n| n.to_be_bytes()).collect::<Vec<_>>())
}

pub(super) fn brand() -> Vec<u8> {
    boxed(b"ftyp", b"isom\0\0\0\0mp41")
}

/// All the places where films keep what nobody is to see.
pub(super) fn telltale() -> Vec<Vec<u8>> {
    let place = within(b"udta", &[boxed(b"\xa9xyz", &[&[0, 18, 0x15, 0xc7][..], SECRET].concat())]);
    let keys = boxed(b"keys", b"\0\0\0\0\0\0\0\x01\0\0\0\x2cmdtacom.apple.quicktime.location.ISO6709");
    let values = boxed(b"ilst", &boxed(b"\0\0\0\x01", &boxed(b"data", &[&[0; 8][..], SECRET].concat())));
    vec![
        place,
        within(b"udta", &[boxed(b"loci", SECRET)]),
        within(b"meta", &[keys, values]),
        boxed(b"uuid", &[&[0xbe; 16][..], b"<x:xmpmeta>", SECRET].concat()),
        boxed(b"what", SECRET),
    ]
}

#[test]
fn a_film_forgets_place_time_and_camera_at_every_level_and_nothing_of_it_moves() {
    for telling in telltale() {
        let samples = boxed(b"mdat", b"pictures and sounds");
        let plain = |times, here: [&[Vec<u8>]; 3]| {
            let seen = track(b"vide", times, &[boxed(b"stsd", b"avc1")], here[0]);
            let movie = within(b"moov", &[&[header(times), seen][..], here[1]].concat());
            [&[brand()][..], here[2], &[samples.clone(), movie]].concat().concat()
        };
        let here = std::slice::from_ref(&telling);
        for file in [plain(0, [here, &[], &[]]), plain(0, [&[], here, &[]]), plain(0, [&[], &[], here])] {
            let clean = cleaned("video/mp4", &file);
            assert!(!has(&clean, b"udta") && !has(&clean, b"meta") && !has(&clean, b"uuid") && has(&clean, b"free"));
            let facts = |file: &[u8]| container::mp4(&mut Cursor::new(file), file.len() as u64).unwrap().unwrap();
            assert_eq!(facts(&clean), facts(&file));
            let at = file.windows(4).position(|w| w == b"mdat").unwrap();
            assert_eq!(clean[at..at + samples.len() - 4], file[at..at + samples.len() - 4]);
        }
    }
    let undated = [brand(), within(b"moov", &[header(0), track(b"vide", 0, &[], &[])])].concat();
    let dated = [brand(), within(b"moov", &[header(9), track(b"vide", 9, &[], &[])])].concat();
    let edits = find("video/mp4", Cursor::new(&dated), dated.len() as u64).unwrap();
    assert!(edits.tell_of_details());
    assert_eq!(edited(&dated, &edits), undated);
    assert!(find("video/mp4", Cursor::new(&undated), undated.len() as u64).unwrap().is_empty(), "nothing to lose");
}

#[test]
fn wide_times_wide_lengths_and_a_last_box_without_one_are_followed() {
    let wide = boxed(b"mvhd", &[&[1, 0, 0, 0][..], &[7; 16], &[0; 92]].concat());
    let movie = wide_boxed(b"moov", &[wide, wide_boxed(b"udta", SECRET)].concat());
    let mut open = boxed(b"meta", SECRET);
    open[..4].fill(0);
    let clean = cleaned("video/quicktime", &[brand(), wide_boxed(b"mdat", b"x"), movie, open].concat());
    assert!(!has(&clean, &[7; 2]) && has(&clean, b"\0\0\0\x01free\0\0\0\0\0\0\0\x22") && has(&clean, b"\0\0\0\0free"));
}

#[test]
fn room_that_nobody_reads_is_emptied_and_not_spoken_of() {
    let file = [brand(), boxed(b"free", b"a remnant"), boxed(b"skip", b"another"), boxed(b"wide", b"")].concat();
    let edits = find("video/mp4", Cursor::new(&file), file.len() as u64).unwrap();
    assert!(!edits.tell_of_details());
    let clean = edited(&file, &edits);
    assert!(!has(&clean, b"remnant") && !has(&clean, b"another"));
}

/// A film of pictures and measurements by turns: `pPpP`, two samples of eleven bytes in each chunk of measurements.
pub(super) fn measured(sizes: Vec<u8>, wide: bool) -> Vec<u8> {
    let (picture, place) = (b"PICTURE.", b"+51.5034N..+51.5034N..");
    let data = boxed(b"mdat", &[&picture[..], place, picture, place].concat());
    let start = u32::try_from(brand().len() + 8).unwrap();
    let (one, two) = (start + 8, start + 38);
    let chunks = match wide {
        true => numbers(b"co64", &[0, 2, 0, one, 0, two]),
        false => numbers(b"stco", &[0, 2, one, two]),
    };
    let tables = [sizes, numbers(b"stsc", &[0, 1, 1, 2, 1]), chunks];
    let movie = [header(0), track(b"vide", 0, &[], &[]), track(b"meta", 0, &tables, &[])];
    [brand(), data, within(b"moov", &movie)].concat()
}

#[test]
fn what_a_camera_measured_goes_with_its_samples_and_the_pictures_stay() {
    for (sizes, wide) in [
        (numbers(b"stsz", &[0, 11, 4]), false),
        (numbers(b"stsz", &[0, 0, 4, 11, 11, 11, 11]), true),
        (boxed(b"stz2", &[0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 4, 11, 11, 11, 11]), false),
        (boxed(b"stz2", &[0, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 4, 0, 11, 0, 11, 0, 11, 0, 11]), false),
        (boxed(b"stz2", &[0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 4, 0xbb, 0xbb]), false),
    ] {
        let file = measured(sizes, wide);
        let edits = find("video/mp4", Cursor::new(&file), file.len() as u64).unwrap();
        let clean = edited(&file, &edits);
        assert!(edits.tell_of_details() && !has(&clean, b"51.5"));
        assert_eq!(clean.windows(8).filter(|w| w == b"PICTURE.").count(), 2);
        assert!(has(&clean, b"vide") && !has(&clean, b"meta"));
    }
}

#[test]
fn a_table_that_points_elsewhere_writes_over_nothing() {
    for (tables, what) in [
        (
            [numbers(b"stsz", &[0, 50, 1]), numbers(b"stsc", &[0, 1, 1, 1, 1]), numbers(b"stco", &[0, 1, 0])],
            "the brand",
        ),
        (
            [
                numbers(b"stsz", &[0, u32::MAX, u32::MAX]),
                numbers(b"stsc", &[0, 1, 1, u32::MAX, 1]),
                numbers(b"stco", &[0, 1, 28]),
            ],
            "beyond the end",
        ),
        (
            [
                numbers(b"stsz", &[0, 1, 1]),
                numbers(b"stsc", &[0, 1, 1, 1, 1]),
                numbers(b"co64", &[0, 1, u32::MAX, u32::MAX]),
            ],
            "an overflow",
        ),
        ([numbers(b"stsz", &[0, 0, 9]), numbers(b"stsc", &[0, 1, 1, 1, 1]), numbers(b"stco", &[0, 1, 28])], "no sizes"),
    ] {
        let movie = within(b"moov", &[header(0), track(b"meta", 0, &tables, &[])]);
        let file = [brand(), boxed(b"mdat", &[1; 64]), movie].concat();
        assert_eq!(fault("video/mp4", &file), Fault::Damaged, "{what}");
    }
}

#[test]
fn hostile_boxes_are_refused_or_passed_at_a_bounded_cost() {
    let lie = |length: u32| [brand(), [&length.to_be_bytes()[..], b"moov"].concat(), vec![0; 64]].concat();
    for length in [2, 7, 73, u32::MAX] {
        assert_eq!(fault("video/mp4", &lie(length)), Fault::Damaged, "{length}");
    }
    for length in [0u64, 15, 81, u64::MAX] {
        let wide = [&1u32.to_be_bytes()[..], b"moov", &length.to_be_bytes(), &[0; 64]].concat();
        assert_eq!(fault("video/mp4", &[brand(), wide].concat()), Fault::Damaged, "{length}");
    }
    // A child that reaches beyond its parent, though not beyond the file.
    let child = within(b"moov", &[[&40u32.to_be_bytes()[..], b"udta", &[0; 8]].concat()]);
    assert_eq!(fault("video/mp4", &[brand(), child, vec![0; 64]].concat()), Fault::Damaged);
    assert_eq!(fault("video/mp4", &within(b"moov", &[boxed(b"cmov", b"packed")])), Fault::Damaged);
    let many = [brand(), within(b"moov", &vec![boxed(b"udta", SECRET); 100_000])].concat();
    assert!(!has(&cleaned("video/mp4", &many)[24..], b"udta"));
    for name in [b"wide", b"udta"] {
        let too_many = [brand(), boxed(name, b"").repeat(MAX_PARTS as usize)].concat();
        assert_eq!(fault("video/mp4", &too_many), Fault::Damaged);
    }
    let too_long = numbers(b"stco", &vec![28; 300_000]);
    let tables = [numbers(b"stsz", &[0, 1, 1]), numbers(b"stsc", &[0, 1, 1, 1, 1]), too_long];
    let movie = within(b"moov", &[header(0), track(b"meta", 0, &tables, &[])]);
    assert_eq!(fault("video/mp4", &[brand(), boxed(b"mdat", b"x"), movie].concat()), Fault::Damaged);
    // One in the other, as deep as it goes: nobody follows it down.
    let mut deep = Vec::new();
    for _ in 0..2_000 {
        deep = boxed(b"moov", &deep);
    }
    let clean = edited(&deep, &find("video/mp4", Cursor::new(&deep), deep.len() as u64).unwrap());
    assert_eq!(clean.windows(4).filter(|w| w == b"moov").count(), 1, "the second one has no place there");
}
