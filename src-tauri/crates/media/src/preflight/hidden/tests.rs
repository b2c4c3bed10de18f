#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod boxes;
mod sounds;

use std::io::{Cursor, SeekFrom};

use proptest::prelude::*;

use super::*;
use boxes::{boxed, brand, header, measured, numbers, telltale, track, within};
use sounds::{CLUSTER, SEGMENT, TAGS, chunk, endless, page, riff, short, webm_parts};

const SECRET: &[u8] = b"+51.5034-000.1276/";

fn has(file: &[u8], word: &[u8]) -> bool {
    file.windows(word.len()).any(|w| w == word)
}

/// The file without what it hides, after checking that nothing moved and that nothing is left to find.
fn cleaned(mime: &str, file: &[u8]) -> Vec<u8> {
    let edits = find(mime, Cursor::new(file), file.len() as u64).unwrap();
    let clean = edited(file, &edits);
    let again = find(mime, Cursor::new(&clean), clean.len() as u64).unwrap();
    assert!(again.is_empty() && !again.tell_of_details(), "{again:?}");
    assert_eq!(edits.tell_of_details(), has(file, SECRET), "{edits:?}");
    assert!(!has(&clean, SECRET));
    clean
}

fn edited(file: &[u8], edits: &Edits) -> Vec<u8> {
    let mut clean = Cursor::new(file.to_vec());
    edits.apply(&mut clean).unwrap();
    assert_eq!(clean.get_ref().len(), file.len(), "nothing moves");
    clean.into_inner()
}

fn fault(mime: &str, file: &[u8]) -> Fault {
    find(mime, Cursor::new(file), file.len() as u64).unwrap_err()
}

/// A file that is mostly a hole, and counts what is read of it.
struct Hole<'a> {
    front: Vec<u8>,
    back: Vec<u8>,
    length: u64,
    at: u64,
    read: &'a mut u64,
}

impl Read for Hole<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let count = to.len().min(usize::try_from(self.length - self.at).unwrap());
        let back = self.length - self.back.len() as u64;
        for (place, byte) in (self.at..).zip(&mut to[..count]) {
            *byte = match place.checked_sub(back) {
                Some(n) => self.back[usize::try_from(n).unwrap()],
                None => self.front.get(usize::try_from(place).unwrap()).copied().unwrap_or(0),
            };
        }
        self.at += count as u64;
        *self.read += count as u64;
        Ok(count)
    }
}

impl Seek for Hole<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::Current(step) => self.at.checked_add_signed(step).unwrap(),
            SeekFrom::End(step) => self.length.checked_add_signed(step).unwrap(),
        };
        Ok(self.at)
    }
}

#[test]
fn of_a_film_of_200_megabytes_only_the_headers_are_read() {
    let data = 200_000_000u32;
    let front = [brand(), data.to_be_bytes().to_vec(), b"mdat".to_vec()].concat();
    let back = within(b"moov", &[header(9), track(b"vide", 9, &[], &[]), boxed(b"udta", SECRET)]);
    let length = brand().len() as u64 + u64::from(data) + back.len() as u64;
    let mut read = 0;
    let edits = find("video/mp4", Hole { front, back, length, at: 0, read: &mut read }, length).unwrap();
    assert!(edits.tell_of_details());
    assert!(read < 100_000, "{read}");
}

fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let tables = [numbers(b"stsz", &[0, 11, 4]), boxed(b"stsd", b"avc1")].concat();
    let movie = within(b"moov", &[&[header(5), track(b"vide", 5, &[tables], &telltale())][..], &telltale()].concat());
    let webm =
        [endless(&SEGMENT), webm_parts().concat(), endless(&CLUSTER), short(&[0xa3], b"x"), short(&TAGS, SECRET)];
    let tag =
        [b"ID3\x04\0\x10\0\0\0\x20", &[b's'; 42][..], &[0xff, 0xfb, 0x90].repeat(30), b"TAG", &[b'x'; 125]].concat();
    let info = chunk(b"LIST", &[b"INFO", &chunk(b"ICMT", SECRET)[..]].concat());
    let ogg = [page(2, 7, &[8], b"OpusHead"), page(0, 7, &[30], b"OpusTags\x02\0\0\0me\x01\0\0\0\x0a\0\0\0SECRET=yes")];
    vec![
        ("video/mp4", [brand(), boxed(b"mdat", &[1; 40]), movie].concat()),
        ("video/mp4", measured(numbers(b"stsz", &[0, 0, 4, 11, 11, 11, 11]), true)),
        ("video/webm", webm.concat()),
        ("audio/mpeg", tag),
        ("audio/wav", riff(b"WAVE", &[chunk(b"fmt ", &[1; 16]), info, chunk(b"data", &[3; 30])])),
        ("audio/ogg", ogg.concat()),
    ]
}

proptest! {
    #[test]
    fn whatever_the_damage_it_ends_nothing_moves_and_nothing_is_found_twice(
        sample in 0usize..6,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        length in any::<prop::sample::Index>(),
        cut in any::<bool>(),
    ) {
        let (mime, mut file) = samples().swap_remove(sample);
        for (place, value) in damage {
            let place = place.index(file.len());
            file[place] = value;
        }
        if cut {
            file.truncate(length.index(file.len()));
        }
        if let Ok(edits) = find(mime, Cursor::new(&file), file.len() as u64) {
            let clean = edited(&file, &edits);
            if let Ok(again) = find(mime, Cursor::new(&clean), clean.len() as u64) {
                prop_assert!(again.is_empty(), "{again:?}");
            }
        }
    }

    #[test]
    fn any_bytes_of_any_type_end(
        mime in prop::sample::select(vec!["video/mp4", "video/webm", "audio/mpeg", "audio/wav", "audio/ogg"]),
        file in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        if let Ok(edits) = find(mime, Cursor::new(&file), file.len() as u64) {
            edited(&file, &edits);
        }
    }
}
