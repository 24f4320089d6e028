//! Stands before the C library: a call for a file of the token cache that hangs, as one for a disk
//! of the network does whose server is away. It hangs as long as the file that `HANGS` names is there.

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

type Open = unsafe extern "C" fn(*const c_char, c_int, c_uint) -> c_int;
type Rename = unsafe extern "C" fn(*const c_char, *const c_char) -> c_int;

const RTLD_NEXT: *mut c_void = -1_isize as *mut c_void;

unsafe extern "C" {
    fn dlsym(handle: *mut c_void, symbol: *const c_char) -> *mut c_void;
}

fn hang(call: &str, path: *const c_char) {
    // SAFETY: the caller passes what it would pass to the C library.
    let is_one = unsafe { CStr::from_ptr(path) }.to_bytes().windows(7).any(|it| it == b"on-disk");
    let hangs = |name: &String| Path::new(name).exists();
    let is_call = std::env::var("HANGING").is_ok_and(|name| name == call);
    while is_one && is_call && std::env::var("HANGS").as_ref().is_ok_and(hangs) {
        sleep(Duration::from_millis(20));
    }
}

/// # Safety
///
/// That of the function of this name in the C library, which it calls.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn open64(path: *const c_char, flags: c_int, mode: c_uint) -> c_int {
    hang("open", path);
    // SAFETY: the next library with this symbol is the C library, whose function has this type.
    unsafe {
        let real = dlsym(RTLD_NEXT, c"open64".as_ptr());
        std::mem::transmute::<*mut c_void, Open>(real)(path, flags, mode)
    }
}

/// # Safety
///
/// That of the function of this name in the C library, which it calls.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rename(from: *const c_char, to: *const c_char) -> c_int {
    hang("rename", from);
    // SAFETY: the same.
    unsafe {
        let real = dlsym(RTLD_NEXT, c"rename".as_ptr());
        std::mem::transmute::<*mut c_void, Rename>(real)(from, to)
    }
}
