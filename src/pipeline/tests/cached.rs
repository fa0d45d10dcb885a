//! Windows of an image whose dataset keeps decoded blocks. Each decoding of a block reads its bytes from the test source.

use super::*;
use crate::image::BlockCache;

/// An image whose dataset keeps up to `bytes` of decoded blocks.
fn cached(store: &Arc<Toy>, bytes: u64) -> (Arc<StoredImage>, Arc<BlockCache>) {
    let image = StoredImage::new(Arc::<Toy>::clone(store) as _, store.layout.clone(), Limits::default());
    let cache = Arc::new(BlockCache::new(bytes));
    image.use_cache(&cache);
    (Arc::new(image), cache)
}

fn check(image: &dyn ImageProvider, window: Window, threads: usize) {
    let request = ReadRequest { window, bands: vec![0], fill: vec![9] };
    let mut out = vec![0; request.bytes(image) as usize];
    read_region(image, &request, &mut out, Concurrency::new(threads).unwrap(), &Control::default()).unwrap();
    assert!(out == expected(window, &[3, 20]), "{window:?}");
}

/// Windows of 40 × 30 pixels all over the image.
fn windows() -> impl Iterator<Item = Window> {
    (0..60u32).map(|n| Window::new(n * 37 % 88, n * 53 % 98, 40, 30))
}

#[test]
fn a_block_of_many_windows_is_decoded_once() {
    for (is_parallel, gap) in [(true, 4096), (false, 4096), (true, 1 << 20)] {
        let (source, store) = toy(is_parallel, gap, &[3, 20], 1);
        let (image, cache) = cached(&store, 1 << 20);
        windows().for_each(|window| check(&*image, window, 2));
        if is_parallel && gap == 4096 {
            assert_eq!(source.requests.lock().unwrap().len(), 62);
        }
        let kept = cache.bytes();
        windows().for_each(|window| check(&*image, window, 1));
        assert_eq!(cache.bytes(), kept);
    }
}

#[test]
fn a_small_cache_gives_the_same_pixels() {
    let (source, store) = toy(true, 4096, &[3, 20], 1);
    let (image, cache) = cached(&store, 3000);
    windows().for_each(|window| check(&*image, window, 2));
    assert!(source.requests.lock().unwrap().len() > 62 && cache.bytes() <= 3000);
}

#[test]
fn threads_that_read_the_same_windows_decode_each_block_once() {
    let (source, store) = toy(true, 4096, &[3, 20], 1);
    let (image, _) = cached(&store, 1 << 20);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| windows().for_each(|window| check(&*image, window, 1)));
        }
    });
    assert_eq!(source.requests.lock().unwrap().len(), 62);
}

#[test]
fn a_whole_image_leaves_the_cache_alone() {
    let (_, store) = toy(true, 4096, &[3, 20], 1);
    let (image, cache) = cached(&store, 1 << 20);
    check(&*image, WHOLE, 2);
    written(&*image);
    assert_eq!(cache.bytes(), 0);
}

#[test]
fn threads_are_started_for_blocks_that_must_be_decoded() {
    let (source, store) = toy(true, 4096, &[3, 20], 1);
    let (image, _) = cached(&store, 1 << 20);
    // Each window needs one block that the cache does not hold.
    for window in [Window::new(40, 50, 8, 9), Window::new(41, 51, 22, 9), Window::new(42, 51, 28, 9)] {
        check(&*image, window, 4);
    }
    assert!(store.threads.lock().unwrap().iter().eq([&source.owner]), "one block at a time");
    let chip = WindowImage::new(Arc::clone(&image) as _, Window::new(40, 50, 60, 60)).unwrap();
    let decodes = [Window::new(0, 0, 30, 9), Window::new(0, 0, 30, 30)].map(|window| chip.decodes(window, &[0]));
    assert_eq!(decodes, [0, 3]);
}

#[test]
fn whole_blocks_are_kept_when_they_are_read_again() {
    let (source, store) = toy(true, 4096, &[3, 20], 1);
    let (image, _) = cached(&store, 1 << 20);
    for decoded in [1, 2, 2, 2] {
        check(&*image, Window::new(16, 16, 16, 16), 1);
        assert_eq!(source.requests.lock().unwrap().len(), decoded);
    }
}

#[test]
fn a_chip_reads_through_the_cache_of_its_image() {
    let (source, store) = toy(true, 4096, &[3, 20], 1);
    let (image, _) = cached(&store, 1 << 20);
    let window = Window::new(40, 50, 60, 60);
    let chip = WindowImage::new(image, window).unwrap();
    for _ in 0..3 {
        let request = ReadRequest { fill: vec![9], ..ReadRequest::whole(&chip) };
        let mut out = vec![0; 3600];
        read_region(&chip, &request, &mut out, Concurrency::new(1).unwrap(), &Control::default()).unwrap();
        assert!(out == expected(window, &[3, 20]));
    }
    assert_eq!(source.requests.lock().unwrap().len(), 20, "5 × 4 blocks");
}
