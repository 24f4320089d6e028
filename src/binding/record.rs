//! Records: frozen dataclasses, whose instances the core makes without a call of the class.
//!
//! A frozen dataclass refuses to set its fields, so its own `__init__` has `object` do it. The same
//! is done here, for calling it took a quarter of the instructions of a whole take.

use std::slice;

use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyType};

/// One class of them.
pub(super) struct Record {
    pub(super) name: &'static str,
    class: Py<PyType>,
    fields: Vec<Field>,
}

struct Field {
    name: String,
    /// The one object of this name that Python has: it finds fields by that quickest.
    known_as: Py<PyString>,
}

/// An instance that is being made.
pub(super) struct Unfinished<'py> {
    instance: Bound<'py, PyAny>,
    left: slice::Iter<'static, Field>,
}

impl Record {
    pub(super) fn of(package: &Bound<'_, PyModule>, name: &'static str) -> PyResult<Self> {
        let py = package.py();
        let class: Bound<'_, PyType> = package.getattr(name)?.cast_into()?;
        let fields: Bound<'_, PyDict> = class.getattr("__dataclass_fields__")?.cast_into()?;
        let fields: PyResult<Vec<Field>> = fields
            .keys()
            .iter()
            .map(|name| {
                let name: String = name.extract()?;
                Ok(Field { known_as: PyString::intern(py, &name).unbind(), name })
            })
            .collect();
        Ok(Self { name, class: class.unbind(), fields: fields? })
    }

    /// Makes an instance that has no fields yet.
    pub(super) fn begin<'py>(&'static self, py: Python<'py>) -> PyResult<Unfinished<'py>> {
        let class = self.class.as_ptr().cast();
        // SAFETY: the class is one, and held; it is what `object.__new__` calls, which looks at
        // arguments before, and here are none.
        #[allow(unsafe_code)]
        let instance = unsafe {
            let made = ffi::PyType_GenericNew(class, std::ptr::null_mut(), std::ptr::null_mut());
            Bound::from_owned_ptr_or_err(py, made)?
        };
        Ok(Unfinished { instance, left: self.fields.iter() })
    }
}

impl<'py> Unfinished<'py> {
    /// Sets the next field; they come in the order in which the class has them.
    pub(super) fn set(
        &mut self,
        name: &Bound<'py, PyString>,
        value: &Bound<'py, PyAny>,
    ) -> PyResult<()> {
        let (py, name) = (value.py(), name.to_str()?);
        let field = self.left.next().filter(|field| field.name == name);
        let field = field.ok_or_else(|| PyTypeError::new_err(format!("not its turn: {name}")))?;
        // SAFETY: the three are objects, which are held until it returns; it is what
        // `object.__setattr__` calls, of which PyO3 has no safe form. That one itself, as a
        // Python object, would add a tenth to the instructions of a whole take.
        #[allow(unsafe_code)]
        let failed = unsafe {
            let (instance, name) = (self.instance.as_ptr(), field.known_as.as_ptr());
            ffi::PyObject_GenericSetAttr(instance, name, value.as_ptr())
        };
        if failed == 0 { Ok(()) } else { Err(PyErr::fetch(py)) }
    }

    pub(super) fn finish(self) -> Bound<'py, PyAny> {
        self.instance
    }
}
