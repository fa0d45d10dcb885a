//! Owners of OpenJPEG's objects: each is freed once, when its owner is dropped.

use std::ffi::{CStr, c_char, c_void};
use std::marker::PhantomData;
use std::ptr::NonNull;

use openjpeg_sys as sys;

/// A stream that reads parts of memory one after the other.
///
/// Invariant: `input` comes from a box that nothing else frees, and the stream passes it to the callbacks below only.
pub(super) struct Stream<'a> {
    raw: NonNull<sys::opj_stream_t>,
    input: NonNull<Input<'a>>,
}

/// A decoder.
///
/// Invariant: `messages` comes from a box that nothing else frees; the decoder passes its lists to [`collect`] only.
pub(super) struct Codec {
    raw: NonNull<sys::opj_codec_t>,
    messages: NonNull<Messages>,
}

/// What a decoder has reported, without line ends.
#[derive(Debug, Default)]
pub(super) struct Messages {
    /// Reasons for a failure.
    pub(super) errors: Vec<String>,
    /// Other messages.
    pub(super) warnings: Vec<String>,
}

/// An image that a decoder has made, with the samples of its components.
///
/// Invariant: `raw` points to an image of OpenJPEG that nothing else frees.
pub(super) struct Image {
    raw: NonNull<sys::opj_image_t>,
    owned: PhantomData<Box<[i32]>>,
}

/// A component of an image.
pub(super) struct Component<'i> {
    /// Columns.
    pub(super) columns: u32,
    /// Rows.
    pub(super) rows: u32,
    /// The samples in row order; `None` if the component was not decoded.
    pub(super) samples: Option<&'i [i32]>,
}

/// The parts of a stream, and the place of the next byte.
struct Input<'a> {
    parts: &'a [&'a [u8]],
    position: u64,
    length: u64,
}

/// The most messages of each kind kept of one call; the first ones are the cause of the others.
const KEPT_MESSAGES: usize = 8;

/// Bounds of the buffer in a stream. OpenJPEG reads larger amounts without it.
const BUFFER: (u64, u64) = (1 << 10, 64 << 10);

impl<'a> Stream<'a> {
    /// A stream over parts of memory. `None` if memory is exhausted.
    pub(super) fn new(parts: &'a [&'a [u8]]) -> Option<Self> {
        let length = parts.iter().map(|part| part.len() as u64).sum::<u64>();
        let buffer = length.clamp(BUFFER.0, BUFFER.1) as usize;
        // SAFETY: a plain allocation; the result is checked for null.
        let raw = NonNull::new(unsafe { sys::opj_stream_create(buffer, 1) })?;
        let input = NonNull::from(Box::leak(Box::new(Input { parts, position: 0, length })));
        // SAFETY: `raw` is a new stream; the callbacks have the expected types, and cast the user data back to what it is here.
        unsafe {
            sys::opj_stream_set_read_function(raw.as_ptr(), Some(read));
            sys::opj_stream_set_skip_function(raw.as_ptr(), Some(skip));
            sys::opj_stream_set_seek_function(raw.as_ptr(), Some(seek));
            sys::opj_stream_set_user_data(raw.as_ptr(), input.as_ptr().cast(), None);
            sys::opj_stream_set_user_data_length(raw.as_ptr(), length);
        }
        Some(Self { raw, input })
    }
}

impl Drop for Stream<'_> {
    fn drop(&mut self) {
        // SAFETY: by the invariant both are freed here only, the stream first because it knows the input.
        unsafe {
            sys::opj_stream_destroy(self.raw.as_ptr());
            drop(Box::from_raw(self.input.as_ptr()));
        }
    }
}

impl Codec {
    /// A decoder for codestreams that collects its messages. `None` if memory is exhausted.
    pub(super) fn new() -> Option<Self> {
        // SAFETY: a plain allocation; the result is checked for null.
        let raw = NonNull::new(unsafe { sys::opj_create_decompress(sys::CODEC_FORMAT::OPJ_CODEC_J2K) })?;
        let messages = NonNull::from(Box::leak(Box::<Messages>::default()));
        // SAFETY: `messages` is live, and each list becomes the data of one handler, which casts it back. `raw` is a new codec.
        // Information has no handler and is dropped.
        unsafe {
            let (errors, warnings) = (&raw mut (*messages.as_ptr()).errors, &raw mut (*messages.as_ptr()).warnings);
            sys::opj_set_warning_handler(raw.as_ptr(), Some(collect), warnings.cast());
            sys::opj_set_error_handler(raw.as_ptr(), Some(collect), errors.cast());
        }
        Some(Self { raw, messages })
    }

    /// Sets the resolutions to discard, the layers to decode, and whether data that end early are an error. False if the decoder
    /// refuses them.
    pub(super) fn set_up(&mut self, reduction: u8, layers: u32, is_strict: bool) -> bool {
        // SAFETY: the structure has integers and arrays of characters only, for which zero is a value; OpenJPEG then sets the
        // defaults, and reads it during the call.
        unsafe {
            let mut parameters: sys::opj_dparameters_t = std::mem::zeroed();
            sys::opj_set_default_decoder_parameters(&raw mut parameters);
            parameters.cp_reduce = reduction.into();
            parameters.cp_layer = layers;
            sys::opj_setup_decoder(self.raw.as_ptr(), &raw mut parameters) != 0
                && sys::opj_decoder_set_strict_mode(self.raw.as_ptr(), is_strict.into()) != 0
        }
    }

    /// Reads the main header. `None` if the decoder reports an error.
    pub(super) fn read_header(&mut self, stream: &mut Stream<'_>) -> Option<Image> {
        let mut image = std::ptr::null_mut();
        // SAFETY: codec and stream are live. On success the caller owns the image.
        let is_read = unsafe { sys::opj_read_header(stream.raw.as_ptr(), self.raw.as_ptr(), &raw mut image) } != 0;
        // An image that was made before an error is the caller's too.
        let image = NonNull::new(image).map(|raw| Image { raw, owned: PhantomData });
        image.filter(|_| is_read)
    }

    /// Restricts decoding to some components; none means all. False if the decoder refuses.
    pub(super) fn set_components(&mut self, components: &[u32]) -> bool {
        // SAFETY: the decoder copies `components.len()` indices during the call.
        components.is_empty()
            || unsafe {
                let count = components.len() as u32;
                sys::opj_set_decoded_components(self.raw.as_ptr(), count, components.as_ptr(), 0) != 0
            }
    }

    /// Restricts decoding to an area (x0, y0, x1, y1) of the reference grid. False if the decoder refuses.
    pub(super) fn set_area(&mut self, image: &mut Image, area: [i32; 4]) -> bool {
        let [x0, y0, x1, y1] = area;
        // SAFETY: both are live, and the image is the one of this decoder's header.
        unsafe { sys::opj_set_decode_area(self.raw.as_ptr(), image.raw.as_ptr(), x0, y0, x1, y1) != 0 }
    }

    /// Decodes to the image of the header. False if the decoder reports an error.
    pub(super) fn decode(&mut self, stream: &mut Stream<'_>, image: &mut Image) -> bool {
        // SAFETY: all three are live and belong together.
        unsafe { sys::opj_decode(self.raw.as_ptr(), stream.raw.as_ptr(), image.raw.as_ptr()) != 0 }
    }

    /// The messages up to now.
    pub(super) fn take_messages(&mut self) -> Messages {
        // SAFETY: the decoder writes messages only during calls, and `&mut self` excludes one.
        std::mem::take(unsafe { self.messages.as_mut() })
    }
}

impl Drop for Codec {
    fn drop(&mut self) {
        // SAFETY: by the invariant both are freed here only, the codec first because it knows the messages.
        unsafe {
            sys::opj_destroy_codec(self.raw.as_ptr());
            drop(Box::from_raw(self.messages.as_ptr()));
        }
    }
}

impl Image {
    /// The components.
    pub(super) fn components(&self) -> impl Iterator<Item = Component<'_>> {
        // SAFETY: the image is live.
        let (list, count) = unsafe { ((*self.raw.as_ptr()).comps, (*self.raw.as_ptr()).numcomps) };
        let count = if list.is_null() { 0 } else { count as usize };
        (0..count).map(move |n| {
            // SAFETY: `list` has `count` components. Sample data that are not null have one `i32` for each of w × h samples
            // (openjpeg.h), and live as long as the image.
            unsafe {
                let component = list.add(n);
                let (columns, rows, data) = ((*component).w, (*component).h, (*component).data);
                let length = columns as usize * rows as usize;
                let samples = (!data.is_null()).then(|| std::slice::from_raw_parts(data, length));
                Component { columns, rows, samples }
            }
        })
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        // SAFETY: by the invariant the image is freed here only.
        unsafe { sys::opj_image_destroy(self.raw.as_ptr()) }
    }
}

impl Input<'_> {
    /// Copies the next bytes; returns their number, 0 at the end.
    fn read(&mut self, out: &mut [u8]) -> usize {
        let (mut skipped, mut filled) = (self.position, 0);
        for part in self.parts {
            let from = skipped.min(part.len() as u64);
            skipped -= from;
            let bytes = &part[from as usize..];
            let count = bytes.len().min(out.len() - filled);
            out[filled..filled + count].copy_from_slice(&bytes[..count]);
            filled += count;
            if filled == out.len() {
                break;
            }
        }
        self.position += filled as u64;
        filled
    }

    /// Moves to `position`; false if it lies outside.
    fn seek(&mut self, position: Option<u64>) -> bool {
        let inside = position.filter(|position| *position <= self.length);
        self.position = inside.unwrap_or(self.position);
        inside.is_some()
    }
}

/// What the callbacks return at the end of the stream.
const END: usize = usize::MAX;

/// Reads bytes: [`sys::opj_stream_set_read_function`].
unsafe extern "C" fn read(out: *mut c_void, count: usize, data: *mut c_void) -> usize {
    // SAFETY: OpenJPEG passes its own buffer of `count` bytes, and the input of the stream, during one call at a time.
    let (input, out) = unsafe {
        std::ptr::write_bytes(out.cast::<u8>(), 0, count);
        (&mut *data.cast::<Input<'_>>(), std::slice::from_raw_parts_mut(out.cast::<u8>(), count))
    };
    match input.read(out) {
        0 => END,
        filled => filled,
    }
}

/// Skips bytes: [`sys::opj_stream_set_skip_function`]. Returns their number, or -1 at the end.
unsafe extern "C" fn skip(count: i64, data: *mut c_void) -> i64 {
    // SAFETY: OpenJPEG passes the input of the stream, during one call at a time.
    let input = unsafe { &mut *data.cast::<Input<'_>>() };
    let before = input.position;
    let wanted = before.checked_add_signed(count).map(|position| position.min(input.length));
    if input.seek(wanted) && input.position != before { input.position as i64 - before as i64 } else { -1 }
}

/// Moves to a position: [`sys::opj_stream_set_seek_function`].
unsafe extern "C" fn seek(position: i64, data: *mut c_void) -> sys::OPJ_BOOL {
    // SAFETY: OpenJPEG passes the input of the stream, during one call at a time.
    let input = unsafe { &mut *data.cast::<Input<'_>>() };
    input.seek(u64::try_from(position).ok()).into()
}

/// Collects a message: [`sys::opj_msg_callback`].
unsafe extern "C" fn collect(message: *const c_char, data: *mut c_void) {
    // SAFETY: OpenJPEG passes a string that ends with a zero, and a list of the codec, during one call at a time.
    let (message, messages) = unsafe { (CStr::from_ptr(message), &mut *data.cast::<Vec<String>>()) };
    if messages.len() < KEPT_MESSAGES {
        messages.push(message.to_string_lossy().trim_end().to_owned());
    }
}
