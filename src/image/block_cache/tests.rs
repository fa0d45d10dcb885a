use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::image::BlockIndex;

fn block(number: u32) -> StoredBlock {
    StoredBlock { at: BlockIndex { row: number, column: 0 }, plane: 0 }
}

/// A cache for `count` blocks of 100 bytes.
fn cache(count: u64) -> Arc<BlockCache> {
    Arc::new(BlockCache::new(count * (100 + ENTRY_BYTES)))
}

/// Reads a block of 100 bytes; true if it had to be loaded.
fn read(image: &ImageCache, number: u32) -> bool {
    match image.claim(block(number), 100, When::Now) {
        Claim::Kept(samples) => {
            assert_eq!(*samples, vec![number as u8; 100]);
            false
        }
        Claim::Load(loading) => {
            let mut samples = loading.memory();
            samples.fill(number as u8);
            loading.keep(samples);
            true
        }
        Claim::Direct => panic!("the block fits"),
    }
}

#[test]
fn the_block_that_was_used_the_longest_time_ago_is_dropped() {
    let cache = cache(3);
    let image = ImageCache::new(&cache);
    assert!([1, 2, 3].into_iter().all(|number| read(&image, number)));
    assert!(image.find(block(1)).is_some());
    assert!(read(&image, 4));
    assert!(image.find(block(2)).is_none());
    assert!([1, 3, 4].into_iter().all(|number| !read(&image, number)));
    assert_eq!(cache.bytes(), 3 * (100 + ENTRY_BYTES));
}

#[test]
fn images_share_the_bound_and_not_the_blocks() {
    let cache = cache(2);
    let (first, second) = (ImageCache::new(&cache), ImageCache::new(&cache));
    assert!(read(&first, 1) && read(&second, 1) && read(&second, 2));
    assert!(first.find(block(1)).is_none());
    assert!(!read(&second, 1));
}

#[test]
fn a_block_that_exceeds_the_bound_is_read_without_the_cache() {
    let image = ImageCache::new(&cache(2));
    assert!(read(&image, 1));
    assert!(matches!(image.claim(block(2), 1000, When::Now), Claim::Direct));
    assert!(!read(&image, 1));
}

#[test]
fn a_block_is_loaded_later_when_direct_reads_have_read_as_much() {
    let cache = cache(2);
    let image = ImageCache::new(&cache);
    let claim = || image.claim(block(1), 100, When::Later(40));
    assert!((0..3).all(|_| matches!(claim(), Claim::Direct)));
    assert!(matches!(claim(), Claim::Load(_)));
    assert_eq!(cache.bytes(), 0, "a loader that gives up leaves nothing");
}

#[test]
fn many_blocks_that_were_only_seen_stay_within_the_bound() {
    let cache = cache(10);
    let image = ImageCache::new(&cache);
    for number in 0..1000 {
        assert!(matches!(image.claim(block(number), 100, When::Later(1)), Claim::Direct));
        assert!(cache.bytes() <= 10 * (100 + ENTRY_BYTES));
    }
}

#[test]
fn a_closed_cache_is_empty_and_stays_so() {
    let cache = cache(2);
    let image = ImageCache::new(&cache);
    read(&image, 1);
    let Claim::Load(loading) = image.claim(block(2), 100, When::Now) else { panic!("nobody loads it") };
    cache.close();
    loading.keep(vec![2; 100]);
    assert_eq!(cache.bytes(), 0);
    assert!(matches!(image.claim(block(1), 100, When::Now), Claim::Direct));
}

#[test]
fn threads_that_need_a_block_at_once_load_it_once() {
    let image = ImageCache::new(&cache(4));
    let loads = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| match image.claim(block(1), 100, When::Now) {
                Claim::Kept(samples) => assert_eq!(*samples, vec![7; 100]),
                Claim::Load(loading) => {
                    loads.fetch_add(1, Ordering::Relaxed);
                    std::thread::sleep(Duration::from_millis(50));
                    loading.keep(vec![7; 100]);
                }
                Claim::Direct => panic!("the block fits"),
            });
        }
    });
    assert_eq!(loads.into_inner(), 1);
}

#[test]
fn a_loader_that_fails_makes_room_for_the_next() {
    let image = ImageCache::new(&cache(4));
    let failed = std::thread::scope(|scope| {
        let failing = scope.spawn(|| {
            let _loading = image.claim(block(1), 100, When::Now);
            std::thread::sleep(Duration::from_millis(20));
            panic!("the codec fails");
        });
        failing.join().is_err()
    });
    assert!(failed && read(&image, 1) && !read(&image, 1));
}

#[test]
fn a_child_process_does_not_wait_for_a_thread_of_its_parent() {
    let cache = cache(4);
    let image = ImageCache::new(&cache);
    cache.state().insert((image.image, block(1)), Entry::Loading(std::process::id() + 1));
    assert!(read(&image, 1) && !read(&image, 1));
}

proptest! {
    /// The model: a list of blocks in the order of their last use.
    #[test]
    fn the_cache_holds_the_blocks_that_were_used_last(reads in vec((0..3usize, 0..12u32), 0..200), count in 1..8u64) {
        let cache = cache(count);
        let images: [ImageCache; 3] = std::array::from_fn(|_| ImageCache::new(&cache));
        let mut model: Vec<(usize, u32)> = Vec::new();
        for used in reads {
            let is_known = model.contains(&used);
            prop_assert_eq!(read(&images[used.0], used.1), !is_known);
            model.retain(|other| *other != used);
            model.push(used);
            if model.len() as u64 > count {
                model.remove(0);
            }
            prop_assert_eq!(cache.bytes(), model.len() as u64 * (100 + ENTRY_BYTES));
        }
        let mut state = cache.state();
        let kept: Vec<_> = state.order.values().map(|(image, block)| (*image as usize, block.at.row)).collect();
        prop_assert_eq!(kept, model);
        prop_assert_eq!(state.entries.len(), state.order.len());
        state.limit = 0;
        state.shrink();
        prop_assert_eq!(state.bytes, 0);
    }
}
