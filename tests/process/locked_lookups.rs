//! Stands before the C library: a lookup that holds a lock for 50 ms, as the real one does for less.

use std::ffi::{c_char, c_int, c_void};
use std::sync::Mutex;
use std::thread::sleep;
use std::time::Duration;

type Lookup = unsafe extern "C" fn(
    *const c_char,
    *const c_char,
    *const c_void,
    *mut *mut c_void,
) -> c_int;

const RTLD_NEXT: *mut c_void = -1_isize as *mut c_void;

static LOCK: Mutex<()> = Mutex::new(());

unsafe extern "C" {
    fn dlsym(handle: *mut c_void, symbol: *const c_char) -> *mut c_void;
}

/// # Safety
///
/// That of the function of this name in the C library, which it calls.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn getaddrinfo(
    node: *const c_char,
    service: *const c_char,
    hints: *const c_void,
    found: *mut *mut c_void,
) -> c_int {
    let _held = LOCK.lock();
    sleep(Duration::from_millis(50));
    // SAFETY: the next library with this symbol is the C library, whose function has this type.
    unsafe {
        let real = dlsym(RTLD_NEXT, c"getaddrinfo".as_ptr());
        std::mem::transmute::<*mut c_void, Lookup>(real)(node, service, hints, found)
    }
}
