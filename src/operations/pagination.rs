//! Reads the pages of a list whose items may shift from page to page meanwhile.
//!
//! The first page says how many items there are; the pages after it are requested several at a time
//! and read in their order.
//! No item comes twice; where the counts do not agree, the list is walked again and joined.
//! `totalCount` is an estimate: a full page is never taken for the last one, and a list that stays
//! empty is empty, whatever was counted. Several pages without one are walked until nothing is new.

use std::collections::HashMap;

use futures_util::{StreamExt, stream};
use http::Method;
use jiff::Timestamp;

use crate::http::CallContext;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::model::{Fields, FromJson, Json};
use crate::operations::client::AtlasClient;
use crate::operations::request::{RequestError, send_idempotent};

/// The most that Atlas gives on one page.
const PAGE_SIZE: usize = 500;
/// Pages that are requested at the same time.
const CONCURRENCY: usize = 16;
/// A list that shifts during every walk is taken as the sum of that many.
const MAX_PASSES: u32 = 3;
/// Bytes of all pages of a list that brought something new: a hundred thousand snapshots.
const MAX_BYTES: usize = 64 << 20;
/// The items of a list.
const MAX_ITEMS: usize = 100_000;
/// The JSON values and names in these pages (an object counts as several): a snapshot with five
/// fields that are unknown has about 70.
const MAX_VALUES: usize = 4_000_000;

/// What a list is of.
pub(crate) trait Item {
    /// The fields that tell an item from the others, the best first.
    const IDENTITY: &'static [&'static str];
}

/// All items of a list, in the order in which they were found.
#[derive(Debug)]
pub(crate) struct Pages<T> {
    pub(crate) items: Vec<T>,
    /// The server's clock at the last page.
    pub(crate) server_time: Option<Timestamp>,
    /// The identity of each item, and the pass in which it was last seen.
    seen: HashMap<String, u32>,
    pass: u32,
    /// Bytes of the pages that brought something new.
    size: usize,
    /// Their JSON values.
    values: usize,
}

pub(crate) struct Page<'a> {
    pub(crate) items: Vec<Fields<'a>>,
    total: Option<usize>,
}

/// Converts an item from its JSON at once, because JSON takes far more memory; `Err` says what is wrong
/// with it, and spoils the list.
type Reader<'a, T> = &'a (dyn Fn(Fields<'_>) -> Result<T, &'static str> + Sync);

/// Whether a full page is the last that is needed.
type IsEnough<'a> = &'a mut (dyn FnMut(&[Fields<'_>]) -> bool + Send);

/// Reads all pages.
pub(crate) async fn collect_all<T: Item>(
    client: &AtlasClient,
    path: &str,
    call: &CallContext,
    reader: Reader<'_, T>,
) -> Result<Pages<T>, RequestError> {
    collect(client, path, call, reader, None).await
}

/// Reads pages until a full one is the last that is needed, or to the end.
pub(crate) async fn collect_until<T: Item>(
    client: &AtlasClient,
    path: &str,
    call: &CallContext,
    reader: Reader<'_, T>,
    mut is_enough: impl FnMut(&[Fields<'_>]) -> bool + Send,
) -> Result<Pages<T>, RequestError> {
    collect(client, path, call, reader, Some(&mut is_enough)).await
}

async fn collect<T: Item>(
    client: &AtlasClient,
    path: &str,
    call: &CallContext,
    reader: Reader<'_, T>,
    mut is_enough: Option<IsEnough<'_>>,
) -> Result<Pages<T>, RequestError> {
    let mut pages = Pages::new();
    for _ in 0..MAX_PASSES {
        if pages.once(client, path, call, reader, &mut is_enough).await? {
            break;
        }
    }
    Ok(pages)
}

/// Reads a list that has no pages.
pub(crate) async fn collect_unpaged<T: Item>(
    client: &AtlasClient,
    path: &str,
    call: &CallContext,
    reader: Reader<'_, T>,
) -> Result<Vec<T>, RequestError> {
    let response = send_idempotent(client, &request(path, Vec::new()), call).await?;
    let mut pages = Pages::new();
    let Page { items, .. } = read(&response, call)?;
    pages.add(items, &response, call, reader)?;
    Ok(pages.items)
}

impl<T: Item> Pages<T> {
    pub(crate) fn new() -> Self {
        Self {
            items: Vec::new(),
            server_time: None,
            seen: HashMap::new(),
            pass: 0,
            size: 0,
            values: 0,
        }
    }

    /// Walks from the first page to the last that is needed; false when the list has shifted under way.
    async fn once(
        &mut self,
        client: &AtlasClient,
        path: &str,
        call: &CallContext,
        reader: Reader<'_, T>,
        is_enough: &mut Option<IsEnough<'_>>,
    ) -> Result<bool, RequestError> {
        self.pass += 1;
        let (mut passed, mut distinct) = (0, 0);
        let count_before = self.items.len();
        let (mut first_total, mut is_steady) = (None, true);
        let get = |number: usize| async move {
            let query =
                vec![("itemsPerPage", PAGE_SIZE.to_string()), ("pageNum", number.to_string())];
            send_idempotent(client, &request(path, query), call).await
        };
        // Filled once the first page has said how many pages follow.
        let ahead_to = |last| stream::iter(2..=last).map(get).buffered(CONCURRENCY);
        let mut ahead = ahead_to(0);
        for number in 1.. {
            let response = match ahead.next().await {
                Some(response) => response?,
                None => get(number).await?,
            };
            self.server_time = response.server_time();
            let Page { items, total } = read(&response, call)?;
            passed += items.len();
            let is_full = items.len() >= PAGE_SIZE;
            let ends_here = is_full && is_enough.as_mut().is_some_and(|stop| stop(&items));
            let new_items = self.add(items, &response, call, reader)?;
            distinct += new_items;
            is_steady &= first_total.is_none_or(|first| first == total);
            first_total.get_or_insert(total);
            // An item that moved to a page before, meanwhile, was met on another walk.
            let is_confirmed = total.is_some()
                || distinct == new_items
                || (self.pass > 1 && self.items.len() == count_before)
                || (new_items == 0 && number == 2);
            if ends_here {
                return Ok(is_steady && is_confirmed);
            }
            if new_items == 0 || (!is_full && total.is_some_and(|total| passed >= total)) {
                let is_counted = total.is_none_or(|total| distinct >= total);
                return Ok(is_steady && is_confirmed && is_counted);
            }
            if number == 1 && is_enough.is_none() {
                let pages = total.unwrap_or_default().min(MAX_ITEMS).div_ceil(PAGE_SIZE);
                ahead = ahead_to(pages);
            }
        }
        Ok(is_steady)
    }

    /// Adds what is new of a page, within the limits of a list; gives how many items of it were not
    /// met before on this walk.
    pub(crate) fn add(
        &mut self,
        items: Vec<Fields<'_>>,
        response: &Response,
        call: &CallContext,
        reader: Reader<'_, T>,
    ) -> Result<usize, RequestError> {
        let (before, mut new_items) = (self.items.len(), 0);
        for item in items {
            let last_pass = self.seen.insert(identity_of::<T>(&item), self.pass);
            new_items += usize::from(last_pass != Some(self.pass));
            if last_pass.is_none() {
                self.items.push(reader(item).map_err(|why| invalid(response, why, call))?);
            }
        }
        if self.items.len() > before {
            self.size += response.size();
            self.values += response.values();
        }
        let limit = if self.size > MAX_BYTES {
            format!("the list has no end: its pages hold more than {} MiB", MAX_BYTES >> 20)
        } else if self.items.len() > MAX_ITEMS {
            format!("the list has no end: it holds more than {MAX_ITEMS} items")
        } else if self.values > MAX_VALUES {
            format!("the list has no end: its pages hold more than {MAX_VALUES} JSON values")
        } else {
            return Ok(new_items);
        };
        Err(invalid(response, &limit, call))
    }
}

/// The identity of an item in its list: its whole content if these fields are missing.
fn identity_of<T: Item>(item: &Fields<'_>) -> String {
    let named = |field: &&str| item.get::<String>(field).filter(|name| !name.is_empty());
    let all = || serde_json::to_string(&item.clone().rest()).unwrap_or_default();
    T::IDENTITY.iter().find_map(named).unwrap_or_else(all)
}

pub(crate) fn request(path: &str, query: Vec<(&'static str, String)>) -> Request {
    Request { method: Method::GET, path: path.to_owned(), query, body: None, delivery: None }
}

pub(crate) fn read<'a>(
    response: &'a Response,
    call: &CallContext,
) -> Result<Page<'a>, RequestError> {
    let fields = response.fields();
    let fields = fields.map_err(|error| RequestError::invalid(error.after(call.effort())))?;
    let total = fields.get("totalCount");
    let items = match fields.get::<Option<Vec<Json<'_>>>>("results") {
        Some(Some(items)) => items,
        Some(None) if total.is_none_or(|total| total == 0) => Vec::new(),
        Some(None) | None => return Err(invalid(response, "it is no list", call)),
    };
    let items: Option<Vec<_>> = items.into_iter().map(Fields::read).collect();
    let items = items
        .ok_or_else(|| invalid(response, "the list holds something else than objects", call))?;
    Ok(Page { items, total })
}

fn invalid(response: &Response, why: &str, call: &CallContext) -> RequestError {
    RequestError::invalid(response.invalid(why).after(call.effort()))
}
