"""nbgrader's settings for this course; nbgrader reads them when it is started in this folder."""

from pathlib import Path

c = get_config()  # noqa: F821 (traitlets gives it to the file)

c.CourseDirectory.course_id = "five-papers"
c.CourseDirectory.root = str(Path(__file__).resolve().parent)
# A student's endless loop must not stop the marking.
c.ExecutePreprocessor.timeout = 120
c.ExecutePreprocessor.interrupt_on_timeout = True
# For those who collect files and not through the exchange: ann-01_clifer.ipynb is ann's.
c.FileNameCollectorPlugin.named_regexp = r".*/(?P<student_id>[\w.]+)-(?P<file_id>\d\d_\w+)\.ipynb$"
