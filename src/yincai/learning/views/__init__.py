"""Views of practice (`practice`) and of the teacher's side (`classes`)."""
