//! JSON of any size, read element by element: of a file of 2 GB no more than one message is in memory.
//!
//! Refuses: one element of more than [`ELEMENT_BYTES`], which nothing that a person wrote is, and which would be memory
//! that somebody else decides about.

use std::{
    cell::Cell,
    fmt,
    io::{self, BufReader, Read},
    rc::Rc,
};

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The largest element, in bytes.
pub(crate) const ELEMENT_BYTES: u64 = 8 << 20;
/// A file may unpack to this much, and to so many times its packed size beyond. Messages reach 30.
const FREE_BYTES: u64 = 32 << 20;
const MOST_TIMES: u64 = 250;

/// Why the reading of a file ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Whoever reads has enough.
    Cancelled,
    /// An element is larger than [`ELEMENT_BYTES`].
    TooLarge,
    /// More comes out than can be meant.
    Bomb,
    /// It does not begin as JSON does, but as HTML.
    Html,
    /// Not JSON, or not to its end.
    Broken,
    /// The disk or the zip fails.
    Unreadable,
}

/// What the reader and its visitors share.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    /// Bytes read of this file.
    read: Cell<u64>,
    /// Where the present element must end.
    until: Cell<u64>,
    /// Where the file must end.
    most: Cell<u64>,
    stop: Cell<Option<Stop>>,
}

impl Meter {
    /// For a file that is packed into so many bytes; `None`: it is not packed.
    pub(crate) fn new(packed: Option<u64>) -> Rc<Self> {
        let meter = Self::default();
        meter.most.set(packed.map_or(u64::MAX, |packed| FREE_BYTES.saturating_add(packed.saturating_mul(MOST_TIMES))));
        meter.next();
        Rc::new(meter)
    }

    /// Bytes read so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.read.get()
    }

    /// An element begins.
    fn next(&self) {
        self.until.set(self.read.get().saturating_add(ELEMENT_BYTES));
    }

    /// Ends the reading.
    pub(crate) fn stop(&self, why: Stop) {
        self.stop.set(self.stop.get().or(Some(why)));
    }

    /// Why it ended, where `error` is what the parser said.
    fn why(&self, error: &serde_json::Error) -> Stop {
        self.stop.get().unwrap_or(match error.classify() {
            serde_json::error::Category::Io => Stop::Unreadable,
            _ => Stop::Broken,
        })
    }
}

/// Counts what is read and ends it where it must end.
struct Metered<R> {
    inner: BufReader<R>,
    meter: Rc<Meter>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let meter = &self.meter;
        let before = meter.read.get();
        if before >= meter.until.get() {
            meter.stop(Stop::TooLarge);
        } else if before >= meter.most.get() {
            meter.stop(Stop::Bomb);
        }
        if meter.stop.get().is_some() {
            return Err(io::ErrorKind::Other.into());
        }
        let count = self.inner.read(into)?;
        meter.read.set(before + count as u64);
        Ok(count)
    }
}

/// What a file tells, in its order.
pub(crate) trait Listener {
    /// A field of the object beside the list.
    fn field(&mut self, name: &str, value: &RawValue);
    /// An element of the list.
    fn element(&mut self, value: &RawValue);
    /// The object ends.
    fn end(&mut self) {}
}

/// Reads an object, of which the field `list` is a list whose elements are told one by one.
pub(crate) fn object<R: Read>(
    reader: R,
    meter: &Rc<Meter>,
    list: &'static str,
    listener: &mut dyn Listener,
) -> Result<(), Stop> {
    let metered = Metered { inner: BufReader::with_capacity(64 << 10, reader), meter: Rc::clone(meter) };
    let mut metered = Headed::new(metered, b"{").inspect_err(|why| meter.stop(*why))?;
    let mut json = serde_json::Deserializer::from_reader(&mut metered);
    let seed = ObjectSeed { meter, list, listener };
    seed.deserialize(&mut json).and_then(|()| json.end()).map_err(|error| meter.why(&error))
}

/// Reads a list of objects that each hold one object under the name `wrapper`, of which the field `list` is a list whose
/// elements are told one by one. What stands before the first bracket (`window.YTD.… =`) is passed over.
pub(crate) fn wrapped<R: Read>(
    reader: R,
    meter: &Rc<Meter>,
    wrapper: &'static str,
    list: &'static str,
    listener: &mut dyn Listener,
) -> Result<(), Stop> {
    let metered = Metered { inner: BufReader::with_capacity(64 << 10, reader), meter: Rc::clone(meter) };
    let mut metered = Headed::new(metered, b"[").inspect_err(|why| meter.stop(*why))?;
    let mut json = serde_json::Deserializer::from_reader(&mut metered);
    let seed = ListSeed { meter, wrapper, list, listener };
    // A semicolon may follow.
    seed.deserialize(&mut json).map_err(|error| meter.why(&error))
}

/// How far the first bracket may be.
const HEAD_BYTES: usize = 512;

/// A reader whose first byte is a bracket.
struct Headed<R> {
    first: Option<u8>,
    inner: R,
}

impl<R: Read> Headed<R> {
    fn new(mut inner: R, opening: &[u8]) -> Result<Self, Stop> {
        let mut byte = [0; 1];
        let mut seen = 0;
        let mut is_first = true;
        while seen < HEAD_BYTES {
            match inner.read(&mut byte) {
                Ok(0) => return Err(Stop::Broken),
                Ok(_) => {}
                Err(_) => return Err(Stop::Unreadable),
            }
            seen += 1;
            match byte[0] {
                found if opening.contains(&found) => return Ok(Self { first: Some(found), inner }),
                b'<' if is_first => return Err(Stop::Html),
                // A mark of the byte order, white space.
                0xEF | 0xBB | 0xBF | b' ' | b'\t' | b'\r' | b'\n' => {}
                _ => is_first = false,
            }
        }
        Err(Stop::Broken)
    }
}

impl<R: Read> Read for Headed<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match (self.first.take(), into.first_mut()) {
            (Some(first), Some(place)) => {
                *place = first;
                Ok(1)
            }
            (first, _) => {
                self.first = first;
                self.inner.read(into)
            }
        }
    }
}

struct ObjectSeed<'s> {
    meter: &'s Meter,
    list: &'static str,
    listener: &'s mut dyn Listener,
}

impl<'de> DeserializeSeed<'de> for ObjectSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ObjectSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with the list `{}`", self.list)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        self.meter.next();
        while let Some(name) = map.next_key::<String>()? {
            if name == self.list {
                map.next_value_seed(ElementsSeed { meter: self.meter, listener: &mut *self.listener })?;
            } else {
                let value: Box<RawValue> = map.next_value()?;
                self.listener.field(&name, &value);
            }
            self.meter.next();
        }
        self.listener.end();
        Ok(())
    }
}

struct ElementsSeed<'s> {
    meter: &'s Meter,
    listener: &'s mut dyn Listener,
}

impl<'de> DeserializeSeed<'de> for ElementsSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for ElementsSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        self.meter.next();
        while let Some(element) = list.next_element::<Box<RawValue>>()? {
            self.listener.element(&element);
            if self.meter.stop.get().is_some() {
                return Err(A::Error::custom("stopped"));
            }
            self.meter.next();
        }
        Ok(())
    }
}

struct ListSeed<'s> {
    meter: &'s Meter,
    wrapper: &'static str,
    list: &'static str,
    listener: &'s mut dyn Listener,
}

impl<'de> DeserializeSeed<'de> for ListSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for ListSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of conversations")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        loop {
            self.meter.next();
            let seed = WrapperSeed {
                meter: self.meter,
                wrapper: self.wrapper,
                list: self.list,
                listener: &mut *self.listener,
            };
            if list.next_element_seed(seed)?.is_none() {
                return Ok(());
            }
        }
    }
}

struct WrapperSeed<'s> {
    meter: &'s Meter,
    wrapper: &'static str,
    list: &'static str,
    listener: &'s mut dyn Listener,
}

impl<'de> DeserializeSeed<'de> for WrapperSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for WrapperSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with `{}`", self.wrapper)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            if name == self.wrapper {
                let seed = ObjectSeed { meter: self.meter, list: self.list, listener: &mut *self.listener };
                map.next_value_seed(seed)?;
            } else {
                map.next_value::<Box<RawValue>>()?;
            }
        }
        Ok(())
    }
}
