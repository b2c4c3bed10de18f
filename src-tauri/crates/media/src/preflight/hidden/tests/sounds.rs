//! WebM, MP3, WAV, AVI and Ogg.

use super::*;

pub(super) fn element(id: &[u8], data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_be_bytes();
    [id, &[0x01], &length[1..], data].concat()
}

pub(super) fn short(id: &[u8], data: &[u8]) -> Vec<u8> {
    [id, &[0x80 | u8::try_from(data.len()).unwrap()], data].concat()
}

/// Without a length: what follows is inside.
pub(super) fn endless(id: &[u8]) -> Vec<u8> {
    [id, &[0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]].concat()
}

pub(super) const INFO: [u8; 4] = [0x15, 0x49, 0xa9, 0x66];
pub(super) const SEGMENT: [u8; 4] = [0x18, 0x53, 0x80, 0x67];
pub(super) const CLUSTER: [u8; 4] = [0x1f, 0x43, 0xb6, 0x75];
pub(super) const TAGS: [u8; 4] = [0x12, 0x54, 0xc3, 0x67];

pub(super) fn webm_parts() -> Vec<Vec<u8>> {
    let info = [
        short(&[0xbf], &[1, 2, 3, 4]),
        short(&[0x2a, 0xd7, 0xb1], &[1]),
        short(&[0x7b, 0xa9], SECRET),
        short(&[0x44, 0x61], &[9; 8]),
        short(&[0x73, 0x84], &[]),
        short(&[0x4d, 0x80], b"muxer"),
    ];
    vec![
        element(&INFO, &info.concat()),
        element(&[0x16, 0x54, 0xae, 0x6b], b"tracks"),
        short(&[0xec], b"leftover"),
        element(&[0x19, 0x41, 0xa4, 0x69], SECRET),
    ]
}

#[test]
fn a_webm_forgets_tags_title_date_and_attachments_with_lengths_and_without() {
    let head = element(&[0x1a, 0x45, 0xdf, 0xa3], &short(&[0x42, 0x82], b"webm"));
    let block = short(&[0xa3], b"a frame");
    let tags = short(&TAGS, SECRET);
    let told = [webm_parts(), vec![element(&CLUSTER, &block), tags.clone()]].concat().concat();
    let endless_parts =
        [webm_parts(), vec![endless(&CLUSTER), short(&[0xe7], &[1]), block.clone(), block, endless(&CLUSTER), tags]];
    let open = [endless(&SEGMENT), endless_parts.concat().concat()].concat();
    for file in [[head.clone(), element(&SEGMENT, &told)].concat(), [head, open].concat()] {
        let clean = cleaned("video/webm", &file);
        assert!(has(&clean, b"a frame") && has(&clean, b"tracks") && has(&clean, b"muxer") && has(&clean, b"webm"));
        assert!(!has(&clean, &[9; 8]) && !has(&clean, b"leftover") && !has(&clean, &TAGS));
        assert_eq!(fault("video/webm", &file[..file.len() - 1]), Fault::Damaged, "cut off");
    }
}

#[test]
fn hostile_elements_are_refused_at_a_bounded_cost() {
    for file in [
        &b"\x1a\x45\xdf\xa3"[..],
        b"\0\0\0\0\0\0\0\0",
        &endless(&INFO),
        &element(&INFO, &element(&INFO, &element(&INFO, b""))),
        &[&SEGMENT[..], &[0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe]].concat(),
    ] {
        assert_eq!(fault("video/webm", file), Fault::Damaged, "{}", file.escape_ascii());
    }
    let blocks = [endless(&SEGMENT), endless(&CLUSTER), b"\xa3\x80".repeat(MAX_PARTS as usize)].concat();
    assert_eq!(fault("video/webm", &blocks), Fault::Damaged);
    // The smallest element that can go.
    let tiny = [endless(&SEGMENT), b"\x99\x80\x99\x81x".to_vec()].concat();
    let clean = edited(&tiny, &find("video/webm", Cursor::new(&tiny), tiny.len() as u64).unwrap());
    assert!(clean.ends_with(b"\xec\x80\xec\x81\0"));
}

#[test]
fn an_mp3_forgets_the_tags_before_and_behind_its_sound() {
    let sound = [0xff, 0xfb, 0x90, 0x44].repeat(200);
    let size = |bytes: usize| [0, 0, (bytes >> 7) as u8, (bytes & 0x7f) as u8];
    let frames = [SECRET, &[0; 200]].concat();
    let plain = [b"ID3\x03\0\0", &size(frames.len())[..], &frames].concat();
    let footed = [b"ID3\x04\0\x90", &size(frames.len())[..], &frames, b"3DI\x04\0\x90", &size(frames.len())].concat();
    let first = [b"TAG", SECRET, &[b'x'; 107]].concat();
    assert_eq!(first.len(), 128);
    let ape = [
        b"APETAGEX",
        &2_000u32.to_le_bytes()[..],
        &50u32.to_le_bytes(),
        &1u32.to_le_bytes(),
        &(1u32 << 31).to_le_bytes(),
        &[0; 8],
    ];
    let ape = [
        &ape.concat()[..],
        SECRET,
        b"APETAGEX",
        &2_000u32.to_le_bytes(),
        &50u32.to_le_bytes(),
        &[0; 4],
        &(1u32 << 31).to_le_bytes(),
        &[0; 8],
    ]
    .concat();
    let lyrics = [b"LYRICSBEGIN", SECRET, b"000029LYRICS200"].concat();
    for (front, tail) in [
        (plain.clone(), vec![]),
        (footed.clone(), vec![]),
        ([plain.clone(), footed].concat(), first.clone()),
        (vec![], ape.clone()),
        (vec![], [ape, lyrics.clone(), first.clone()].concat()),
        (vec![], [lyrics, [b"TAG+", &[b'y'; 223][..]].concat(), first].concat()),
    ] {
        let file = [&front, &sound, &tail].map(Vec::as_slice).concat();
        let clean = cleaned("audio/mpeg", &file);
        assert_eq!(clean[front.len()..front.len() + sound.len()], sound);
        assert!(clean[front.len() + sound.len()..].iter().all(|byte| *byte == 0));
        assert!(front.is_empty() || clean.starts_with(b"ID3"));
    }
    assert!(find("audio/mpeg", Cursor::new(&sound), sound.len() as u64).unwrap().is_empty());
    assert_eq!(fault("audio/mpeg", &plain[..plain.len() - 1]), Fault::Damaged, "nothing but half a tag");
    // Lengths that lie say nothing, and nothing is written over by them.
    let lie = [&sound[..], b"APETAGEX", &2_000u32.to_le_bytes(), &u32::MAX.to_le_bytes(), &[0; 16]].concat();
    assert!(find("audio/mpeg", Cursor::new(&lie), lie.len() as u64).unwrap().is_empty());
}

pub(super) fn riff(form: &[u8; 4], parts: &[Vec<u8>]) -> Vec<u8> {
    chunk(b"RIFF", &[form, &parts.concat()[..]].concat())
}

pub(super) fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut out = [name, &u32::try_from(data.len()).unwrap().to_le_bytes()[..], data].concat();
    out.resize(out.len() + data.len() % 2, 0);
    out
}

#[test]
fn wav_and_avi_forget_lists_dates_and_makers_notes() {
    let info = chunk(b"LIST", &[b"INFO", &chunk(b"ICMT", SECRET)[..]].concat());
    let data = chunk(b"data", b"the sound");
    for telling in [info.clone(), chunk(b"bext", SECRET), chunk(b"iXML", SECRET), chunk(b"id3 ", SECRET)] {
        for order in [vec![telling.clone(), data.clone()], vec![data.clone(), telling]] {
            let clean = cleaned("audio/wav", &riff(b"WAVE", &[vec![chunk(b"fmt ", &[1; 16])], order].concat()));
            assert!(has(&clean, b"the sound") && has(&clean, b"fmt ") && has(&clean, b"JUNK"));
        }
    }
    let stream = [&b"strl"[..], &chunk(b"strh", &[1; 56]), &chunk(b"strd", SECRET)].concat();
    let headers = [&b"hdrl"[..], &chunk(b"avih", &[1; 56]), &chunk(b"LIST", &stream), &chunk(b"IDIT", SECRET)].concat();
    let film = riff(b"AVI ", &[chunk(b"LIST", &headers), info, chunk(b"LIST", b"movi01wbJUNK")]);
    let clean = cleaned("video/x-msvideo", &film);
    assert!(has(&clean, b"movi01wbJUNK") && has(&clean, b"strh") && has(&clean, b"avih"));
    // A recorder that was stopped, and one that forgot the padding: the sound stays.
    let mut stopped = riff(b"WAVE", &[chunk(b"fmt ", &[1; 16]), chunk(b"data", b"LIST1234INFO")]);
    for place in [4, 40] {
        stopped[place..place + 4].fill(0);
    }
    assert!(find("audio/wav", Cursor::new(&stopped), stopped.len() as u64).unwrap().is_empty());
    let mut unpadded = chunk(b"fact", &[1; 5]);
    unpadded.pop();
    let file = riff(b"WAVE", &[unpadded, data]);
    assert!(find("audio/wav", Cursor::new(&file), file.len() as u64).unwrap().is_empty());
}

/// The same polynomial, a table at a time, from RFC 3533's reference.
pub(super) fn crc(page: &[u8]) -> u32 {
    let table: Vec<u32> = (0..256u32)
        .map(|n| (0..8).fold(n << 24, |r, _| if r & 0x8000_0000 != 0 { (r << 1) ^ 0x04c1_1db7 } else { r << 1 }))
        .collect();
    page.iter().fold(0, |crc, byte| (crc << 8) ^ table[((crc >> 24) as u8 ^ byte) as usize])
}

pub(super) fn page(flags: u8, serial: u32, lengths: &[u8], data: &[u8]) -> Vec<u8> {
    let head =
        [b"OggS\0", &[flags][..], &[0; 8], &serial.to_le_bytes(), &[0; 8], &[u8::try_from(lengths.len()).unwrap()]];
    let mut page = [&head.concat()[..], lengths, data].concat();
    let crc = crc(&page);
    page[22..26].copy_from_slice(&crc.to_le_bytes());
    page
}

/// Pages of a file: their data, with the checksum looked at.
pub(super) fn pages(mut ogg: &[u8]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    while !ogg.is_empty() {
        let count = usize::from(ogg[26]);
        let length: usize = ogg[27..27 + count].iter().map(|n| usize::from(*n)).sum();
        let (one, rest) = ogg.split_at(27 + count + length);
        let mut zeroed = one.to_vec();
        zeroed[22..26].fill(0);
        assert_eq!(one[22..26], crc(&zeroed).to_le_bytes(), "page {}", all.len());
        all.push(one[27 + count..].to_vec());
        ogg = rest;
    }
    all
}

#[test]
fn an_ogg_forgets_its_comments_over_many_pages_and_its_checksums_hold() {
    let long = |n: usize| u32::try_from(n).unwrap().to_le_bytes();
    let comments = |magic: &[u8], end: &[u8]| {
        let comment = [b"LOCATION=", SECRET, &[b'c'; 900]].concat();
        [magic, &long(4)[..], b"prog", &long(1), &long(comment.len()), &comment, end].concat()
    };
    for (first, magic, end) in [
        (&b"OpusHead........."[..], &b"OpusTags"[..], &b""[..]),
        (b"\x01vorbis...........", b"\x03vorbis", b"\x01"),
        (b"\x80theora...........", b"\x81theora", b""),
    ] {
        let packet = comments(magic, end);
        // Two lengths of 255, then the rest with a packet of the setup behind it.
        let setup = b"setup of the codec";
        let (one, two) = packet.split_at(2 * 255);
        let mut lengths = vec![255; two.len() / 255];
        lengths.extend([u8::try_from(two.len() % 255).unwrap(), u8::try_from(setup.len()).unwrap()]);
        let last = [two, setup].concat();
        let file = [
            page(2, 7, &[u8::try_from(first.len()).unwrap()], first),
            page(2, 8, &[5], b"other"),
            page(0, 7, &[255, 255], one),
            page(0, 8, &[5], b"other"),
            page(1, 7, &lengths, &last),
            page(4, 7, &[18], SECRET),
        ];
        let (file, sound) = (file[..5].concat(), file[5].clone());
        let clean = cleaned("audio/ogg", &file);
        let pages = pages(&clean);
        let kept = [magic, &long(4)[..], b"prog", &long(0), if end.is_empty() { b"\0" } else { b"\x01" }].concat();
        assert!(pages[2].starts_with(&kept) && pages[4].ends_with(setup));
        // What is sound is not looked at.
        let whole = [file, sound].concat();
        let edits = find("audio/ogg", Cursor::new(&whole), whole.len() as u64).unwrap();
        assert!(edited(&whole, &edits).ends_with(SECRET));
    }
    for broken in [&b"OggS...................................."[..], b"OggS\0", &page(2, 1, &[255], &[1; 255])[..200]] {
        assert_eq!(fault("audio/ogg", broken), Fault::Damaged);
    }
    let name_beyond = [page(2, 1, &[8], b"OpusHead"), page(0, 1, &[12], b"OpusTags\xff\xff\xff\xff")].concat();
    assert_eq!(fault("audio/ogg", &name_beyond), Fault::Damaged);
}
