//! Parallel work with results in order and a bounded number of items in flight.

use std::any::Any;
use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Condvar, Mutex, PoisonError};

use super::concurrency::{Concurrency, Control, POLL_INTERVAL};
use crate::error::{Error, Result};

/// Buffers that a worker keeps from block to block.
#[derive(Debug, Default)]
pub struct Scratch {
    /// Pixels of the block in the file's order.
    pub raw: Vec<u8>,
    /// The codec's buffer.
    pub codec: crate::codec::Scratch,
}

/// Feeds items to workers and passes their results to `append` in the order of the items. Everything except `work` runs on the
/// calling thread. At most `2 × threads` items are between feed and append. With one thread, no thread is started.
///
/// # Errors
/// The first error in the order of the items; nothing is fed or appended after it. A panic in a worker becomes an error.
pub(super) fn ordered<T: Send, U: Send>(
    concurrency: Concurrency,
    control: &Control<'_>,
    mut feed: impl Iterator<Item = Result<T>>,
    work: impl Fn(T, &mut Scratch) -> Result<U> + Sync,
    mut append: impl FnMut(U) -> Result<()>,
) -> Result<()> {
    if concurrency.threads() <= 1 {
        let mut scratch = Scratch::default();
        while let Some(item) = contained(|| feed.next().transpose())? {
            control.poll()?;
            append(contained(|| work(item, &mut scratch))?)?;
        }
        return Ok(());
    }
    let queue = Queue::default();
    let (sender, results) = channel();
    std::thread::scope(|scope| {
        for _ in 0..concurrency.threads() {
            let (queue, work, sender) = (&queue, &work, sender.clone());
            scope.spawn(move || worker(queue, work, &sender));
        }
        drop(sender);
        // Ends the workers whatever happens on this thread, including a panic of the caller's code.
        let _closing = Closing(&queue);
        Coordinator {
            queue: &queue,
            results,
            control,
            limit: concurrency.threads() * 2,
            fed: 0,
            received: 0,
            next: 0,
            ready: BTreeMap::new(),
            failure: None,
        }
        .run(&mut feed, &mut append)
    })
}

struct Coordinator<'q, 'c, T, U> {
    queue: &'q Queue<T>,
    results: Receiver<(u64, Result<U>)>,
    control: &'q Control<'c>,
    limit: usize,
    fed: u64,
    received: u64,
    next: u64,
    ready: BTreeMap<u64, U>,
    failure: Option<(u64, Error)>,
}

impl<T, U> Coordinator<'_, '_, T, U> {
    fn run(
        mut self,
        feed: &mut impl Iterator<Item = Result<T>>,
        append: &mut impl FnMut(U) -> Result<()>,
    ) -> Result<()> {
        let mut more = true;
        loop {
            while let Ok((index, result)) = self.results.try_recv() {
                self.receive(index, result);
            }
            // An error on the caller's side ends the work at once, whatever errors the workers still find.
            self.append_ready(append).and_then(|()| self.control.poll())?;
            if self.failure.is_some() {
                self.queue.stop();
                more = false;
            }
            if more && ((self.fed - self.next) as usize) < self.limit {
                match contained(|| feed.next().transpose()) {
                    Ok(Some(item)) => self.queue.push(self.fed, item),
                    Ok(None) => {
                        more = false;
                        continue;
                    }
                    Err(error) => {
                        self.fail(self.fed, error);
                        continue;
                    }
                }
                self.fed += 1;
            } else if self.received < self.fed {
                match self.results.recv_timeout(POLL_INTERVAL) {
                    Ok((index, result)) => self.receive(index, result),
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => return Err(Error::Panic("workers ended early".to_owned())),
                }
            } else {
                break;
            }
        }
        self.failure.map_or(Ok(()), |(_, error)| Err(error))
    }

    fn receive(&mut self, index: u64, result: Result<U>) {
        self.received += 1;
        match result {
            Ok(value) => {
                self.ready.insert(index, value);
            }
            Err(error) => self.fail(index, error),
        }
    }

    /// Keeps the error of the lowest index; the cause of a cancellation replaces [`Error::Cancelled`].
    fn fail(&mut self, index: u64, error: Error) {
        let cancelled = |error: &Error| matches!(error, Error::Cancelled);
        let replace = match &self.failure {
            None => true,
            Some((kept, old)) => (cancelled(old), *kept) > (cancelled(&error), index),
        };
        if replace {
            self.failure = Some((index, error));
        }
    }

    fn append_ready(&mut self, append: &mut impl FnMut(U) -> Result<()>) -> Result<()> {
        while self.failure.is_none() {
            let Some(value) = self.ready.remove(&self.next) else { break };
            append(value)?;
            self.next += 1;
        }
        Ok(())
    }
}

/// Items waiting for a worker.
struct Queue<T> {
    state: Mutex<(VecDeque<(u64, T)>, bool)>,
    changed: Condvar,
    stopped: AtomicBool,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { state: Mutex::new((VecDeque::new(), false)), changed: Condvar::new(), stopped: AtomicBool::new(false) }
    }
}

impl<T> Queue<T> {
    fn push(&self, index: u64, item: T) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).0.push_back((index, item));
        self.changed.notify_one();
    }

    fn pop(&self) -> Option<(u64, T)> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(item) = state.0.pop_front() {
                return Some(item);
            }
            if state.1 {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// From now on, waiting items are answered without work.
    fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    fn close(&self) {
        self.stop();
        self.state.lock().unwrap_or_else(PoisonError::into_inner).1 = true;
        self.changed.notify_all();
    }
}

struct Closing<'q, T>(&'q Queue<T>);

impl<T> Drop for Closing<'_, T> {
    fn drop(&mut self) {
        self.0.close();
    }
}

fn worker<T, U>(
    queue: &Queue<T>,
    work: &(impl Fn(T, &mut Scratch) -> Result<U> + Sync),
    results: &Sender<(u64, Result<U>)>,
) {
    let mut scratch = Scratch::default();
    while let Some((index, item)) = queue.pop() {
        let result = if queue.stopped.load(Ordering::Relaxed) {
            Err(Error::Cancelled)
        } else {
            contained(|| work(item, &mut scratch))
        };
        // After an error, the coordinator may have left, and nobody needs the result.
        let _ = results.send((index, result));
    }
}

/// Runs `work` and converts a panic to an error.
pub(super) fn contained<R>(work: impl FnOnce() -> Result<R>) -> Result<R> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(Error::Panic(panic_message(&*panic))))
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "panic".to_owned())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    fn threads(n: usize) -> Concurrency {
        Concurrency::new(n).unwrap()
    }

    #[test]
    fn results_come_in_order_and_a_bounded_number_is_in_flight() {
        for n in [1, 2, 3, 8] {
            let (in_flight, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let feed = (0..200u64).map(|i| {
                most.fetch_max(in_flight.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                Ok(i)
            });
            let mut seen = Vec::new();
            let work = |i: u64, _: &mut Scratch| {
                std::thread::sleep(std::time::Duration::from_micros((i * 7919) % 300));
                Ok(i * 2)
            };
            let append = |value| {
                in_flight.fetch_sub(1, Ordering::SeqCst);
                seen.push(value);
                Ok(())
            };
            ordered(threads(n), &Control::default(), feed, work, append).unwrap();
            assert_eq!(seen, (0..200).map(|i| i * 2).collect::<Vec<_>>());
            assert!(most.load(Ordering::SeqCst) <= 2 * n, "{} in flight", most.load(Ordering::SeqCst));
        }
    }

    #[test]
    fn the_first_error_in_order_is_reported_and_nothing_is_appended_after_it() {
        for n in [1, 2, 5] {
            let mut appended = 0;
            let work = |i: u64, _: &mut Scratch| {
                if i == 20 {
                    std::thread::sleep(std::time::Duration::from_millis(5));
                }
                if i >= 20 { Err(Error::usage(format!("item {i}"))) } else { Ok(i) }
            };
            let append = |value| {
                appended = value + 1;
                Ok(())
            };
            let result = ordered(threads(n), &Control::default(), (0..10_000).map(Ok), work, append);
            assert_eq!(result.unwrap_err().to_string(), "item 20");
            assert!(appended <= 20);
        }
    }

    #[test]
    fn a_panic_is_an_error_and_a_failing_feeder_too() {
        for n in [1, 4] {
            let boom = |i: u64, _: &mut Scratch| if i == 3 { panic!("boom") } else { Ok(i) };
            let result = ordered(threads(n), &Control::default(), (0..9).map(Ok), boom, |_| Ok(()));
            assert!(matches!(result, Err(Error::Panic(text)) if text == "boom"));
            let feed = (0..9).map(|i| if i == 4 { Err(Error::usage("feeder")) } else { Ok(i) });
            let result = ordered(threads(n), &Control::default(), feed, |i, _| Ok(i), |_| Ok(()));
            assert_eq!(result.unwrap_err().to_string(), "feeder");
        }
    }

    #[test]
    fn the_caller_can_stop_the_work() {
        for n in [1, 4] {
            let poll = || Err(Error::Cancelled);
            let control = Control::new(Some(&poll), None);
            let result = ordered(threads(n), &control, (0..u64::MAX).map(Ok), |i, _| Ok(i), |_| Ok(()));
            assert!(matches!(result, Err(Error::Cancelled)));
        }
    }
}
