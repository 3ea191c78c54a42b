"""Results as files for people: workbook, report, decisions."""
