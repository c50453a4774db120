from django.forms.renderers import TemplatesSetting


class FormRenderer(TemplatesSetting):
    """Forms drawn with our components; needs django.forms among the installed apps."""

    form_template_name = "components/form_fields.html"
    field_template_name = "components/field.html"
