"""Static files in production: hashed names, inside ES module imports too, so a page never mixes."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class ModuleStorage(CompressedManifestStaticFilesStorage):
    """Rewrites `import` statements to the hashed names."""

    support_js_module_import_aggregation = True
